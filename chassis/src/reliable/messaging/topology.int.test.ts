import { createMetrics } from '../../base/telemetry/metrics.ts';
import { atEnd } from '../../testing/at-end.ts';
import { createTestBroker, type TestBroker, takeDeadLetters } from '../../testing/broker.ts';
import { eventually } from '../../testing/eventually.ts';
import { now, openedMessage, silent } from '../../testing/messaging.ts';
import { createMessagingDatabase } from '../../testing/messaging-database.ts';
import { commandsQueue, customerJoinedV1, openingsQueue, topology } from '../../testing/queues.ts';
import { byName, releasedQueues } from '../../testing/released-queues.ts';
import { type Broker, connectBroker } from './connection.ts';
import { startConsumer } from './consume.ts';
import { assertTopology, type QueueDefinition, retryQueueName } from './topology.ts';

const QUEUE = openingsQueue.name;

const RELEASED = [commandsQueue, openingsQueue].flatMap(({ name }) => releasedQueues(name));

let server: TestBroker;
beforeEach(async () => {
  server = await createTestBroker();
  atEnd(() => server.drop());
});

/** As a version before did it, whose arguments differ in this. */
async function declareReleased(other: Record<string, Record<string, unknown>> = {}): Promise<void> {
  await server.withChannel(async (channel) => {
    for (const { name, arguments: args } of RELEASED)
      await channel.assertQueue(name, { durable: true, arguments: { ...args, ...other[name] } });
    for (const { name, messages } of [commandsQueue, openingsQueue])
      for (const { exchange, routingKey } of messages) {
        await channel.assertExchange(exchange, 'topic', { durable: true });
        await channel.bindQueue(name, exchange, routingKey);
      }
  });
}

/** A message that lies in a queue when this version comes; returns its subject. */
async function leaveMessageIn(queue: string): Promise<string> {
  const { body, messageId, subjectId } = openedMessage();
  await server.withChannel(async (channel) => {
    channel.sendToQueue(queue, Buffer.from(body), { messageId, persistent: true });
    await channel.waitForConfirms();
  });
  return subjectId as string;
}

async function connect(): Promise<Broker> {
  const setup = (model: Parameters<typeof assertTopology>[0]) => assertTopology(model, topology);
  const broker = await connectBroker({ url: server.url, name: 'test', log: silent, setup });
  atEnd(() => broker.close());
  await eventually(() => broker.isConnected() || undefined);
  return broker;
}

/** Consume the replies; the result is the subjects handled so far. */
async function consume(broker: Broker): Promise<string[]> {
  const database = await createMessagingDatabase();
  atEnd(() => database.drop());
  const handled: string[] = [];
  const consumer = startConsumer({
    queue: QUEUE,
    definitions: openingsQueue.messages,
    handle: async (_trx, messages) => {
      handled.push(...messages.map(({ message }) => message.payload.accountId));
      return messages.map(() => 'handled' as const);
    },
    broker,
    pool: database.pool,
    metrics: createMetrics('test', '0'),
    now,
    log: silent,
  });
  atEnd(() => consumer.stop());
  return handled;
}

const names = (broker: Broker) => broker.differences().map(({ name }) => name);

it('declares queues, retries and dead letters, as often as it is asked to', async () => {
  for (let n = 0; n < 2; n += 1)
    expect(await server.withConnection((connection) => assertTopology(connection, topology))).toEqual([]);
  expect((await server.queues()).sort(byName)).toEqual(RELEASED.toSorted(byName));
});

describe('a queue with a limit', () => {
  const subscription = { name: 'test.subscription', messages: [customerJoinedV1], maxLength: 3 };
  const declare = (queue: QueueDefinition) =>
    server.withConnection((connection) => assertTopology(connection, { publishes: [], queues: [queue] }));

  it('keeps the newest events, and moves the oldest to its dead letters, which are limited too', async () => {
    expect(await declare(subscription)).toEqual([]);
    const declared = Object.fromEntries((await server.queues()).map(({ name, arguments: args }) => [name, args]));
    // Frozen, as in releasedQueues.
    expect(declared[subscription.name]).toEqual({
      'x-queue-type': 'quorum',
      'x-max-length': 3,
      'x-overflow': 'drop-head',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': `${subscription.name}.dead-letter`,
      'x-delivery-limit': 20,
    });
    expect(declared[`${subscription.name}.dead-letter`]).toEqual({
      'x-queue-type': 'quorum',
      'x-max-length': 1_000,
      'x-overflow': 'drop-head',
      'x-delivery-limit': 2 ** 31 - 1,
    });
    await server.withChannel(async (channel) => {
      for (const body of ['1', '2', '3', '4', '5'])
        channel.publish(customerJoinedV1.exchange, customerJoinedV1.routingKey, Buffer.from(body));
      await channel.waitForConfirms();
    });
    const dropped = await takeDeadLetters(server, subscription.name, 2);
    expect(dropped.map(({ body }) => body)).toEqual(['1', '2']);
    expect((await server.take(subscription.name, 3)).map(({ body }) => body)).toEqual(['3', '4', '5']);
  });

  it('takes no commands or replies, since none of them may be dropped', async () => {
    const failing = declare({ ...subscription, messages: openingsQueue.messages });
    await expect(failing).rejects.toThrow('test.subscription would drop commands or replies');
  });
});

describe('an upgrade with messages in flight', () => {
  it('takes over the queues of the version before, and what is in them', async () => {
    await declareReleased();
    const sent = [await leaveMessageIn(QUEUE), await leaveMessageIn(retryQueueName(QUEUE, 1_000))];
    const broker = await connect();
    const handled = await consume(broker);
    await eventually(() => handled.length === 2 || undefined);
    expect(handled).toEqual(sent);
    expect(names(broker)).toEqual([]);
  });

  it('goes on with all queues when some have other arguments, and reports those', async () => {
    const retries = retryQueueName(QUEUE, 1_000);
    await declareReleased({ [QUEUE]: { 'x-delivery-limit': 19 }, [retries]: { 'x-message-ttl': 1_500 } });
    const sent = [await leaveMessageIn(QUEUE), await leaveMessageIn(retries)];
    const broker = await connect();
    const handled = await consume(broker);
    await eventually(() => handled.length === 2 || undefined);
    expect(handled).toEqual(sent);
    expect(names(broker)).toEqual([QUEUE, retries]);
    expect(broker.differences()[0]?.reason).toMatch(/x-delivery-limit.*19/);
    const row = { ...openedMessage(), exchange: '', routingKey: commandsQueue.name };
    expect(await broker.publish([row])).toEqual(['confirmed']);
    await server.take(commandsQueue.name, 1);
  });

  it('gets the arguments of this version when the queue is unbound, runs empty and is removed; nothing is lost', async () => {
    await declareReleased({ [QUEUE]: { 'x-delivery-limit': 19 } });
    const before = await leaveMessageIn(QUEUE);
    const broker = await connect();
    const handled = await consume(broker);
    await server.withChannel(async (channel) => {
      for (const { exchange, routingKey } of openingsQueue.messages)
        await channel.unbindQueue(QUEUE, exchange, routingKey);
    });
    // The relay keeps what comes back, and sends it again.
    const row = openedMessage();
    expect(await broker.publish([row])).toEqual(['returned']);
    await eventually(() => handled.length === 1 || undefined);
    await server.withChannel((channel) => channel.deleteQueue(QUEUE));
    await eventually(async () => (broker.isConnected() && names(broker).length === 0) || undefined);
    await eventually(async () => ((await broker.publish([row]))[0] === 'confirmed' ? true : undefined));
    await eventually(() => handled.includes(row.subjectId as string) || undefined);
    expect(handled).toEqual([before, row.subjectId]);
  });

  it('does not connect without a queue that cannot be declared', async () => {
    const failing = server.withConnection((connection) =>
      assertTopology(connection, topology, { retryDelaysMs: [-1_000] }),
    );
    await expect(failing).rejects.toMatchObject({ code: 406 });
  });
});
