import { atEnd } from '../../testing/at-end.ts';
import { createTestBroker, type TestBroker } from '../../testing/broker.ts';
import { eventually } from '../../testing/eventually.ts';
import { connectTo, silent } from '../../testing/messaging.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import { connectBroker } from './connection.ts';

let server: TestBroker;

beforeAll(async () => {
  server = await createTestBroker();
  atEnd(() => server.drop());
});

it.each(['throws', 'is refused by the broker', 'never ends'])('comes back when its setup %s', async (how) => {
  let setups = 0;
  const broker = await connectBroker({
    url: server.url,
    name: 'test',
    log: silent,
    setupTimeoutMs: 500,
    async setup(model) {
      setups += 1;
      if (setups > 2) return [];
      if (how === 'throws') throw new Error('not yet');
      if (how === 'never ends') await new Promise(() => {});
      const channel = await model.createChannel();
      channel.on('error', () => {});
      await channel.checkQueue('no-such-queue');
      return [];
    },
  });
  atEnd(() => broker.close());
  await eventually(() => broker.isConnected() || undefined);
  expect(setups).toBe(3);
});

it('comes back wherever its first connection breaks', async () => {
  const first = await connectTo(server.url); // makes the queues: what follows is answered fast
  await eventually(() => first.isConnected() || undefined);
  await first.close();
  // The handshake, the exchanges and queues, the publishing channel: there are fewer answers than that.
  await Promise.all(Array.from({ length: 40 }, (_, answer) => connectsThoughCutAt(answer)));
});

it('comes back when the broker closes the connection with the last answer of the handshake, as one that stops may do', async () => {
  const openOk = Buffer.from([1, 0, 0, 0, 0, 0, 5, 0, 10, 0, 41, 0, 0xce]);
  const reason = 'broker forced connection closure';
  const method = Buffer.concat([
    Buffer.from([0, 10, 0, 50, 320 >> 8, 320 & 0xff, reason.length]),
    Buffer.from(reason),
    Buffer.alloc(4), // caused by no method
  ]);
  const close = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, method.length]), method, Buffer.from([0xce])]);
  let closes = 0;
  const network = await startTcpProxy(server.url, (answer) => {
    const isLast = answer.includes(openOk);
    if (!isLast || closes === 2) return answer;
    closes += 1;
    return Buffer.concat([answer, close]);
  });
  atEnd(() => network.close());
  const broker = await connectTo(network.url);
  atEnd(() => broker.close());
  await eventually(() => broker.isConnected() || undefined);
  expect(closes).toBe(2);
});

async function connectsThoughCutAt(answer: number): Promise<void> {
  const network = await startTcpProxy(server.url);
  network.cutAtAnswer(answer);
  const broker = await connectTo(network.url);
  try {
    await eventually(() => broker.isConnected() || undefined);
  } catch {
    throw new Error(`did not connect again after its connection broke at answer ${answer}`);
  } finally {
    await broker.close();
    await network.close();
  }
}
