/** Alone, for its broker and its collector leave little of two processors to anything beside it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { atEnd } from '../../testing/at-end.ts';
import { createTestBroker } from '../../testing/broker.ts';
import { collectGarbage } from '../../testing/collect-garbage.ts';
import { eventually } from '../../testing/eventually.ts';
import { connectTo, counted, now, openedMessage, silent } from '../../testing/messaging.ts';
import { createMessagingDatabase } from '../../testing/messaging-database.ts';
import { openingsQueue, subject } from '../../testing/queues.ts';
import { startDrainer } from '../dead-letters/drainer.ts';
import { startConsumer } from './consume.ts';

const MEGABYTE = 1024 * 1024;
const LARGE = 20;

it('bodies of 10 MB do not fill the memory, 20 at once, and their neighbours are handled', async () => {
  const database = await createMessagingDatabase();
  atEnd(() => database.drop());
  const server = await createTestBroker();
  atEnd(() => server.drop());
  // Without a proxy in between: it would hold in the memory of this process what the consumer has not read yet.
  const broker = await connectTo(server.url);
  atEnd(() => broker.close());
  await eventually(() => broker.isConnected() || undefined);
  const metrics = createMetrics('test', '0');
  const { name: queue, messages: definitions } = openingsQueue;
  const [first, last] = [openedMessage(), openedMessage()];
  await server.withChannel(async (channel) => {
    channel.sendToQueue(queue, Buffer.from(first.body));
    const body = Buffer.alloc(10 * MEGABYTE, 'x');
    for (let n = 0; n < LARGE; n += 1) {
      channel.sendToQueue(queue, body);
      await channel.waitForConfirms();
    }
    channel.sendToQueue(queue, Buffer.from(last.body));
    await channel.waitForConfirms();
  });
  const before = inUse();
  const sampler = sampleMemory();
  atEnd(() => sampler.stop());
  const parts = { queue, broker, metrics, now, pool: database.pool, log: silent, subject };
  const consumer = startConsumer({ ...parts, definitions, handle: async (_trx, all) => all.map(() => 'handled') });
  atEnd(() => consumer.stop());
  const drainer = startDrainer(parts);
  atEnd(() => drainer.stop());
  const handled = () => counted(metrics, 'messages_handled_total', { queue, outcome: 'handled' });
  await eventually(async () => ((await handled()) === 2 ? true : undefined), 120_000);
  const stored = await eventually(async () => {
    const { rows } = await database.pool.query<{ bytes: number }>(
      'SELECT octet_length(body) AS bytes FROM dead_letters',
    );
    return rows.length === LARGE ? rows : undefined;
  }, 120_000);
  expect(stored).toEqual(Array(LARGE).fill({ bytes: 10 * MEGABYTE }));
  const samples = await sampler.stop();
  expect(samples.length).toBeGreaterThan(1);
  expect((Math.max(...samples) - before) / MEGABYTE).toBeLessThan(100);
});

/** When garbage is collected depends on what else this process and the machine do; what lives does not. */
function inUse(): number {
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** A collection stops everything else: the pause after each leaves the tested code most of the time. */
function sampleMemory() {
  const samples: number[] = [];
  let isStopped = false;
  const sampling = (async () => {
    while (!isStopped) {
      const began = performance.now();
      samples.push(inUse());
      await sleep(Math.max(50, 3 * (performance.now() - began)));
    }
  })();
  return {
    async stop(): Promise<number[]> {
      isStopped = true;
      await sampling;
      return samples;
    },
  };
}
