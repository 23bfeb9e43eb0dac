import { randomUUID } from 'node:crypto';
import { atEnd } from '../../testing/at-end.ts';
import { takeDeadLetters } from '../../testing/broker.ts';
import { eventually } from '../../testing/eventually.ts';
import {
  connectTo,
  counted,
  cutOffDatabase,
  type MessagingSystem,
  openedMessage,
  startMessagingSystem,
  TEST_RETRY_DELAYS_MS,
} from '../../testing/messaging.ts';
import { accountOf, consumeOpenings, createOpeningsHandler, type Opening } from '../../testing/openings.ts';
import { commandsQueue, openingsQueue } from '../../testing/queues.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import type { OutboxRow } from '../outbox/outbox-message.ts';
import type { ConsumerOptions } from './consume.ts';
import type { Handle } from './handle-batch.ts';
import { deadLetterQueueName, retryQueueName } from './topology.ts';

const QUEUE = openingsQueue.name;
/** A second one of the same service. */
const OTHER_QUEUE = commandsQueue.name;
/** What a copy has besides: the errors, and the broker's word on its way through the retry queue. */
const fromTheBroker = {
  'x-history': expect.any(Array),
  'x-death': expect.any(Array),
  'x-first-death-exchange': '',
  'x-first-death-queue': expect.stringContaining('.retry.'),
  'x-first-death-reason': 'expired',
};
/** RabbitMQ 4 says the same of the last time. */
const withoutLastDeath = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-last-death-')));

describe('a consumer', () => {
  let system: MessagingSystem;
  const { poison, hopeless, calls, handle: noteEffects, reset: resetHandler } = createOpeningsHandler();

  beforeAll(async () => {
    system = await startMessagingSystem();
    atEnd(() => system.drop());
  });
  beforeEach(async () => {
    await system.reset();
    resetHandler();
    system.metrics.messagesHandled.reset();
    system.metrics.messageAge.reset();
  });

  const start = (options: Partial<ConsumerOptions<Opening>> = {}) =>
    consumeOpenings(system, { handle: noteEffects, ...options });
  const send = async (...rows: OutboxRow[]) => {
    const outcomes = await system.broker.publish(rows);
    expect(new Set(outcomes)).toEqual(new Set(['confirmed']));
  };
  const effects = () => system.database.effects();
  const inbox = async () => (await system.database.pool.query('SELECT 1 FROM inbox_messages')).rowCount;
  const outcomes = (outcome: string) => counted(system.metrics, 'messages_handled_total', { queue: QUEUE, outcome });
  const reached = (outcome: string, count: number) =>
    eventually(async () => ((await outcomes(outcome)) >= count ? true : undefined));

  it('handles what waits in one transaction, in order, and acknowledges it', async () => {
    const rows = Array.from({ length: 100 }, () => openedMessage());
    await send(...rows);
    const consumer = start();
    await reached('handled', 100);
    expect(await effects()).toEqual(rows.map(accountOf));
    expect(calls.length).toBeLessThan(20);
    await consumer.stop();
    expect(await system.server.depth(QUEUE)).toBe(0);
    expect(await system.metrics.registry.metrics()).toMatch(
      /message_age_seconds_count\{.*queue="bank.openings".*\} 100\n/,
    );
  });

  it('drops a message that comes again, in the same batch or later', async () => {
    const row = openedMessage();
    await send(row, row);
    start();
    await reached('handled', 1);
    await reached('duplicate', 1);
    await send(row);
    await reached('duplicate', 2);
    expect(await effects()).toEqual([accountOf(row)]);
  });

  it('handles a message once for each queue of the service that gets it', async () => {
    const row = openedMessage();
    const toOther = { ...row, exchange: '', routingKey: OTHER_QUEUE };
    await send(row, toOther);
    start();
    start({ queue: OTHER_QUEUE });
    await eventually(async () => ((await effects()).length === 2 ? true : undefined));
    await send(row, toOther);
    const ofOther = { queue: OTHER_QUEUE, outcome: 'duplicate' };
    await reached('duplicate', 1);
    await eventually(async () =>
      (await counted(system.metrics, 'messages_handled_total', ofOther)) === 1 ? true : undefined,
    );
    expect(await effects()).toEqual([accountOf(row), accountOf(row)]);
  });

  it('lets a poison message fail alone while its batch-mates have their effect', async () => {
    const rows = Array.from({ length: 10 }, () => openedMessage());
    const bad = rows[4] as OutboxRow;
    poison.add(accountOf(bad));
    await send(...rows);
    start();
    await reached('handled', 9);
    await reached('dead_lettered', 1);
    expect(await effects()).toEqual(rows.filter((row) => row !== bad).map(accountOf));
    expect(await inbox()).toBe(9);
  });

  it('tries a failing message again after each delay, then dead-letters it with the error of every attempt', async () => {
    const row = openedMessage();
    poison.add(accountOf(row));
    start();
    await send(row);
    const [dead] = await takeDeadLetters(system.server, QUEUE, 1);
    expect(dead).toMatchObject({ body: row.body, messageId: row.messageId, type: undefined });
    expect(dead?.headers).toMatchObject({ 'x-attempts': 3, 'x-reason': 'attempts-exhausted' });
    expect(dead?.headers['x-detail']).toContain('Error: poison\n    at ');
    const history = dead?.headers['x-history'] as { at: string; message: string; stack: string; service: string }[];
    expect(history.map(({ message, service }) => [message, service])).toEqual(Array(3).fill(['poison', 'test']));
    const [first = 0, second = 0, third = 0] = history.map(({ at }) => Date.parse(at));
    expect(second - first).toBeGreaterThanOrEqual(50);
    expect(third - second).toBeGreaterThanOrEqual(200);
    expect(await outcomes('retried')).toBe(2);
    expect(await effects()).toEqual([]);
  });

  it('gives every attempt the headers of the first', async () => {
    const headers = { traceparent: '00-ab-cd-01', 'x-own': { deep: ['kept'] } };
    const seen: Record<string, unknown>[] = [];
    start({
      async handle(_trx, messages) {
        seen.push(...messages.map(({ headers }) => headers));
        if (seen.length < 3) throw new Error('not yet');
        return messages.map(() => 'handled');
      },
    });
    await system.broker.publish([{ ...openedMessage(), headers }]);
    await reached('handled', 1);
    expect(seen.map(withoutLastDeath)).toEqual([
      headers,
      { ...headers, 'x-attempts': 1, 'x-routing-key': 'account.opened.v1', ...fromTheBroker },
      { ...headers, 'x-attempts': 2, 'x-routing-key': 'account.opened.v1', ...fromTheBroker },
    ]);
  });

  it('handles at a later attempt what failed at first', async () => {
    const row = openedMessage();
    poison.add(accountOf(row));
    start();
    await send(row);
    await reached('retried', 1);
    poison.clear();
    await reached('handled', 1);
    expect(await effects()).toEqual([accountOf(row)]);
  });

  it.each([
    ['unparseable', 'no JSON at all'],
    ['unknown-type', JSON.stringify({ ...JSON.parse(openedMessage().body), type: 'account.forgotten' })],
  ])('dead-letters a message at once that is %s, and handles its batch-mates', async (reason, body) => {
    const good = openedMessage();
    await send({ ...openedMessage(), body }, good);
    start();
    const [dead] = await takeDeadLetters(system.server, QUEUE, 1);
    expect(dead).toMatchObject({ body, headers: { 'x-reason': reason, 'x-attempts': 1 } });
    await reached('handled', 1);
    expect(await effects()).toEqual([accountOf(good)]);
    expect(await outcomes('retried')).toBe(0);
  });

  it('dead-letters at once what its handler calls hopeless, and keeps no inbox row that would stop a replay', async () => {
    const row = openedMessage();
    hopeless.add(accountOf(row));
    await send(row);
    start();
    const [dead] = await takeDeadLetters(system.server, QUEUE, 1);
    expect(dead?.headers).toMatchObject({ 'x-reason': 'no-such-account', 'x-detail': accountOf(row) });
    expect(await inbox()).toBe(0);
    hopeless.clear();
    await send({ ...row, exchange: '', routingKey: QUEUE });
    await reached('handled', 1);
  });

  it('consumer died after commit, before ack: redelivered, and the inbox drops it', async () => {
    const row = openedMessage();
    await send(row);
    let died = false;
    start({
      async handle(trx, messages, afterCommit) {
        const outcomes = await noteEffects(trx, messages, afterCommit);
        if (!died) {
          died = true;
          system.network.cut(); // the commit follows, the ack cannot
        }
        return outcomes;
      },
    });
    await eventually(async () => ((await effects()).length === 1 ? true : undefined));
    system.network.restore();
    await reached('duplicate', 1);
    expect(await effects()).toEqual([accountOf(row)]);
    expect(await outcomes('handled')).toBe(1);
    await eventually(async () => ((await system.server.depth(QUEUE)) === 0 ? true : undefined));
  });

  it('does what is left for after the commit once, and not for what was rolled back', async () => {
    const rows = Array.from({ length: 5 }, () => openedMessage());
    const [first] = rows as [OutboxRow];
    poison.add(accountOf(first));
    const committed: string[] = [];
    await send(...rows);
    start({
      handle(trx, messages, afterCommit) {
        afterCommit(() => committed.push(...messages.map(({ message }) => message.payload.accountId)));
        return noteEffects(trx, messages, afterCommit);
      },
    });
    await takeDeadLetters(system.server, QUEUE, 1);
    await reached('handled', 4);
    expect(committed.toSorted()).toEqual(rows.slice(1).map(accountOf).toSorted());
  });

  it('burns no attempt while its own database is away, and goes on when it is back', async () => {
    const database = await cutOffDatabase(system.database.url);
    atEnd(() => database.close());
    const probeIntervalMs = 100;
    start({ pool: database.pool, probeIntervalMs });
    const rows = [openedMessage(), openedMessage()];
    await send(...rows);
    // Long enough for several probes to fail; a failed attempt would show in a retry queue or in the counters.
    // The first is held; the second would follow only if the first were handled.
    await eventually(async () => ((await system.server.depth(QUEUE)) === 1 ? true : undefined));
    const since = performance.now();
    await eventually(() => performance.now() - since > 10 * probeIntervalMs || undefined);
    expect(calls).toEqual([]);
    database.restore();
    await reached('handled', 2);
    expect(await outcomes('retried')).toBe(0);
    expect(await effects()).toEqual(rows.map(accountOf));
  });

  it('gives its deliveries back in a long outage of its database, and takes them again after it', async () => {
    const database = await cutOffDatabase(system.database.url);
    atEnd(() => database.close());
    const rows = [openedMessage(), openedMessage()];
    await send(...rows);
    start({ pool: database.pool, holdMs: 100 });
    await eventually(async () => ((await system.server.depth(QUEUE)) === 1 ? true : undefined));
    await eventually(async () => ((await system.server.depth(QUEUE)) === 2 ? true : undefined));
    database.restore();
    await reached('handled', 2);
    expect(await effects()).toEqual(rows.map(accountOf));
  });

  it('outlives a broker that goes away while deliveries are given back to it', async () => {
    const database = await cutOffDatabase(system.database.url);
    atEnd(() => database.close());
    const row = openedMessage();
    await send(row);
    const held = async () => ((await system.server.depth(QUEUE)) === 0 ? true : undefined);
    start({ pool: database.pool, holdMs: 1_500 });
    await eventually(held);
    system.network.mute();
    // It has been given back, and nobody has heard of it.
    await eventually(async () => ((await system.server.depth(QUEUE)) === 1 ? true : undefined));
    system.network.cut();
    system.network.restore();
    await eventually(() => system.broker.isConnected() || undefined);
    database.restore();
    await reached('handled', 1);
    expect(await effects()).toEqual([accountOf(row)]);
  });

  it('counts an attempt when the database answers but the statement always times out', async () => {
    const row = openedMessage();
    await send(row);
    const handle: Handle<Opening> = async (trx, messages) => {
      await trx.query(`SET LOCAL statement_timeout = 10`);
      await trx.query(`SELECT pg_sleep(1)`);
      return messages.map(() => 'handled');
    };
    start({ handle, probeIntervalMs: 50 });
    await reached('retried', 1);
  });

  it('is rebuilt, with its queues, when the broker closes its connection', async () => {
    start();
    await send(openedMessage());
    await reached('handled', 1);
    await eventually(async () => {
      await system.server.closeConnections();
      return system.broker.isConnected() ? undefined : true;
    });
    await eventually(() => system.broker.isConnected() || undefined);
    await send(openedMessage());
    await reached('handled', 2);
  });

  it('is rebuilt when its queue is deleted', async () => {
    start();
    await send(openedMessage());
    await reached('handled', 1);
    await system.server.withChannel((channel) => channel.deleteQueue(QUEUE));
    await eventually(async () => {
      const [outcome] = await system.broker.publish([openedMessage()]);
      return outcome === 'confirmed' || undefined;
    });
    await reached('handled', 2);
  });

  it('waits for a broker that is away when it starts', async () => {
    const route = await startTcpProxy(system.server.url);
    atEnd(() => route.close());
    route.cut();
    const broker = await connectTo(route.url);
    atEnd(() => broker.close());
    start({ broker });
    expect(broker.isConnected()).toBe(false);
    expect(await broker.publish([openedMessage()])).toEqual(['failed']);
    const row = openedMessage();
    await send(row);
    route.restore();
    await reached('handled', 1);
    expect(await effects()).toEqual([accountOf(row)]);
  });

  it('notices a broker that hangs', async () => {
    const impatient = new URL(system.network.url);
    impatient.searchParams.set('heartbeat', '1');
    const broker = await connectTo(impatient.href);
    atEnd(() => broker.close());
    await eventually(() => broker.isConnected() || undefined);
    system.network.freeze();
    await eventually(() => !broker.isConnected() || undefined);
    system.network.thaw();
    await eventually(() => broker.isConnected() || undefined);
  });

  it('finishes the running batch when it is stopped, and gives back the rest', async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const consumer = start({
      prefetch: 1,
      async handle(trx, messages, afterCommit) {
        entered.resolve();
        await leave.promise;
        return noteEffects(trx, messages, afterCommit);
      },
    });
    const rows = [openedMessage(), openedMessage()];
    await send(...rows);
    await entered.promise;
    const stopped = consumer.stop();
    leave.resolve();
    await stopped;
    expect(await effects()).toEqual(rows.slice(0, 1).map(accountOf));
    expect(await system.server.depth(QUEUE)).toBe(1);
  });

  it('takes nothing any more when it is stopped while it subscribes', async () => {
    await start().stop();
    await send(openedMessage(), openedMessage());
    start();
    await reached('handled', 2);
  });

  it('leaves a message that kills its consumers to the broker, which dead-letters it', async () => {
    await send(openedMessage());
    await eventually(async () => {
      // Taken, never answered, and the connection closed: what a crash looks like to the broker.
      await system.server.withChannel((channel) => channel.get(QUEUE));
      return (await system.server.depth(deadLetterQueueName(QUEUE))) || undefined;
    });
    const [dead] = await takeDeadLetters(system.server, QUEUE, 1);
    expect(dead?.headers['x-death']).toMatchObject([{ reason: 'delivery_limit' }]);
  });

  it('delivers again what could not be set aside', async () => {
    const row = openedMessage(randomUUID());
    poison.add(accountOf(row));
    const retryQueue = retryQueueName(QUEUE, TEST_RETRY_DELAYS_MS[0] as number);
    await system.server.withChannel((channel) => channel.deleteQueue(retryQueue));
    start();
    await send(row);
    await eventually(() => calls.length >= 2 || undefined);
    expect(await outcomes('retried')).toBe(0);
    poison.clear();
    await reached('handled', 1);
    expect(await effects()).toEqual([accountOf(row)]);
  });
});
