import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import {
  connectTo,
  counted,
  type MessagingSystem,
  now,
  openedMessage,
  silent,
  startMessagingSystem,
} from '../../testing/messaging.ts';
import { consumeOpenings } from '../../testing/openings.ts';
import { openingsQueue } from '../../testing/queues.ts';
import { replayLetters } from '../dead-letters/dead-letters.sql.ts';
import type { Broker } from '../messaging/connection.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { addToOutbox, type OutboxRow } from './outbox-message.ts';
import { outboxStats, type RelayOptions, startRelay } from './relay.ts';

const QUEUE = openingsQueue.name;

describe('the outbox relay', () => {
  let system: MessagingSystem;

  beforeAll(async () => {
    system = await startMessagingSystem();
    atEnd(() => system.drop());
  });
  beforeEach(() => system.reset());

  const start = (options: Partial<RelayOptions> = {}) => {
    const { database, broker, metrics } = system;
    const relay = startRelay({ pool: database.pool, broker, metrics, now, log: silent, ...options });
    atEnd(() => relay.stop());
    return relay;
  };
  const write = (...rows: OutboxRow[]) => addToOutbox(system.database.pool, rows);
  const many = (count: number) => Array.from({ length: count }, () => openedMessage());
  const pending = async () => (await outboxStats(system.database.pool)).pending;
  const emptied = () => eventually(async () => ((await pending()) === 0 ? true : undefined));

  it('publishes a row as it was written, and removes it', async () => {
    const row = openedMessage();
    const before = await counted(system.metrics, 'outbox_published_total');
    const relay = start();
    await write(row);
    relay.wake();
    const [message] = await system.server.take(QUEUE, 1);
    expect(message).toMatchObject({
      body: row.body,
      messageId: row.messageId,
      type: 'account.opened',
      routingKey: 'account.opened.v1',
      deliveryMode: 2,
      headers: { traceparent: '00-ab-cd-01' },
    });
    await emptied();
    expect(await counted(system.metrics, 'outbox_published_total')).toBe(before + 1);
  });

  it('finds rows that nobody woke it for', async () => {
    start();
    await write(openedMessage());
    expect(await system.server.take(QUEUE, 1)).toHaveLength(1);
  });

  it('publishes in the order of the rows', async () => {
    const rows = many(1_200);
    await write(...rows);
    start();
    const messages = await system.server.take(QUEUE, rows.length);
    expect(messages.map((message) => message.messageId)).toEqual(rows.map((row) => row.messageId));
  });

  it('sets aside what cannot be encoded, and sends what stands behind it', async () => {
    const { pool } = system.database;
    const bad = { ...openedMessage(), routingKey: 'x'.repeat(300) };
    const rows = many(3);
    const before = await counted(system.metrics, 'outbox_published_total');
    await write(bad, ...rows);
    start();
    const messages = await system.server.take(QUEUE, rows.length);
    expect(messages.map((message) => message.messageId)).toEqual(rows.map((row) => row.messageId));
    await emptied();
    expect(await counted(system.metrics, 'outbox_published_total')).toBe(before + 3);
    const letters = async () =>
      (await pool.query('SELECT id, queue, type, reason, status, message_id, body, subject_id FROM dead_letters')).rows;
    const [letter] = await letters();
    expect(letter).toMatchObject({
      queue: 'outbox',
      type: 'account.opened',
      reason: 'unencodable',
      status: 'open',
      message_id: bad.messageId,
      body: bad.body,
      subject_id: bad.subjectId,
    });
    await eventually(async () =>
      (await counted(system.metrics, 'dead_letters_open', { queue: 'outbox' })) === 1 ? true : undefined,
    );
  });

  it('sends a message that was set aside where it was to go, when it is replayed', async () => {
    const { pool } = system.database;
    const row = openedMessage();
    await write({ ...row, routingKey: 'x'.repeat(300) });
    const by = { actor: 'operator-1', correlationId: 'c', at: new Date() };
    const replay = async (repair: string) => {
      await emptied();
      const [{ id }] = (await pool.query(`UPDATE dead_letters SET ${repair} RETURNING id`)).rows;
      await inTransaction(pool, (trx) => replayLetters(trx, [id], by));
    };
    const state = async () => (await pool.query('SELECT status, replays FROM dead_letters')).rows;
    const relay = start();
    // Replayed as it is, it is the same letter again.
    await replay('routing_key = routing_key');
    relay.wake();
    await eventually(async () => ((await state())[0]?.status === 'open' ? true : undefined));
    expect(await state()).toEqual([{ status: 'open', replays: 1 }]);
    await replay("routing_key = 'account.opened.v1'");
    relay.wake();
    const [message] = await system.server.take(QUEUE, 1);
    expect(message).toMatchObject({ body: row.body, messageId: row.messageId, routingKey: 'account.opened.v1' });
    expect(await state()).toEqual([{ status: 'replayed', replays: 2 }]);
  });

  it('takes no more at once than the first rows that reach its bytes', async () => {
    const rows = many(7);
    const large = { ...(rows[3] as OutboxRow), body: JSON.stringify({ filler: 'x'.repeat(20_000) }) };
    rows[3] = large;
    await write(...rows);
    const sizes: number[] = [];
    const publish: Broker['publish'] = (messages) => {
      sizes.push(messages.length);
      return system.broker.publish(messages);
    };
    const [first] = rows;
    start({ broker: { ...system.broker, publish }, batchBytes: 2 * Buffer.byteLength(first?.body ?? '') });
    await emptied();
    expect(sizes).toEqual([2, 2, 2, 1]);
    const messages = await system.server.take(QUEUE, rows.length);
    expect(messages.map((message) => message.messageId)).toEqual(rows.map((row) => row.messageId));
  });

  it('keeps rows while the broker is away, untouched, and sends all of them once it is back', async () => {
    const relay = start();
    system.network.cut();
    await eventually(() => !system.broker.isConnected() || undefined);
    const rows = many(50);
    await write(...rows);
    relay.wake();
    await eventually(async () => ((await pending()) === 50 ? true : undefined));
    const { rows: claimed } = await system.database.pool.query(
      'SELECT 1 FROM outbox_messages WHERE claimed_until IS NOT NULL',
    );
    expect(claimed).toEqual([]);
    system.network.restore();
    expect(await system.server.take(QUEUE, 50)).toHaveLength(50);
    await emptied();
  });

  it('takes silence for no confirm: a frozen broker gets the rows again when it answers', async () => {
    const relay = start();
    await eventually(() => system.broker.isConnected() || undefined);
    system.network.freeze();
    await write(openedMessage());
    relay.wake();
    const isGivenUp = () => !system.broker.isConnected() || undefined;
    await eventually(isGivenUp);
    expect(await pending()).toBe(1);
    system.network.thaw();
    expect(await system.server.take(QUEUE, 1)).not.toHaveLength(0);
    await emptied();
  });

  it('broker took the messages and its confirms were lost: the rows stay, and are sent again', async () => {
    const relay = start();
    await eventually(() => system.broker.isConnected() || undefined);
    system.network.mute();
    const rows = many(3);
    await write(...rows);
    relay.wake();
    await eventually(async () => ((await system.server.depth(QUEUE)) === 3 ? true : undefined));
    expect(await pending()).toBe(3);
    system.network.cut();
    system.network.restore();
    const ids = (await system.server.take(QUEUE, 6)).map(({ messageId }) => messageId);
    expect(ids).toEqual([...rows, ...rows].map(({ messageId }) => messageId));
    await emptied();
  });

  it('connection breaks again and again while messages flow: none is lost', async () => {
    const relay = start({ batchSize: 20 });
    const rows = many(400);
    for (let from = 0; from < rows.length; from += 40) {
      await write(...rows.slice(from, from + 40));
      relay.wake();
      await eventually(() => system.broker.isConnected() || undefined);
      if (from % 120 === 0) system.network.cut();
      system.network.restore();
    }
    await eventually(async () => ((await pending()) === 0 ? true : undefined));
    const taken = await system.server.take(QUEUE, rows.length);
    expect(new Set(taken.map(({ messageId }) => messageId))).toEqual(new Set(rows.map(({ messageId }) => messageId)));
  });

  it('relay died after publish, before marking: published twice, and the inbox drops the second', async () => {
    // The delete that does not happen: what a relay leaves behind that dies between the confirm and its delete.
    await system.database.pool.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'died here'; END $$;
      CREATE TRIGGER died BEFORE DELETE ON outbox_messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const row = openedMessage();
    await write(row);
    start();
    await eventually(async () => ((await system.server.depth(QUEUE)) >= 2 ? true : undefined));
    await system.database.pool.query('DROP FUNCTION refuse CASCADE');
    await emptied();

    const handled: string[] = [];
    consumeOpenings(system, {
      async handle(_trx, messages) {
        handled.push(...messages.map(({ message }) => message.id));
        return messages.map(() => 'handled');
      },
    });
    await eventually(async () => {
      const duplicates = await counted(system.metrics, 'messages_handled_total', {
        queue: QUEUE,
        outcome: 'duplicate',
      });
      return duplicates > 0 ? duplicates : undefined;
    });
    expect(handled).toEqual([row.messageId]);
  });

  it('never loses and never doubles a message when several relays share the table', async () => {
    const second = await connectTo(system.server.url);
    atEnd(() => second.close());
    await eventually(() => second.isConnected() || undefined);
    const relays = [start({ batchSize: 20 }), start({ batchSize: 20, broker: second })];
    const rows = many(1_000);
    for (let from = 0; from < rows.length; from += 100) {
      await write(...rows.slice(from, from + 100));
      for (const relay of relays) relay.wake();
    }
    await emptied();
    const messages = await system.server.take(QUEUE, rows.length);
    expect(messages.map((message) => message.messageId).sort()).toEqual(rows.map((row) => row.messageId).sort());
  });

  it('keeps a mandatory message that no queue takes, counts it, and delivers it when one does', async () => {
    const returned = () => counted(system.metrics, 'outbox_returned_total');
    const before = await returned();
    const row = { ...openedMessage(), exchange: '', routingKey: 'not-there-yet' };
    await write(row);
    start();
    const heldBack = () =>
      system.database.pool.query(`SELECT 1 FROM outbox_messages WHERE claimed_until < now() + interval '10 seconds'`);
    await eventually(async () => ((await heldBack()).rowCount === 1 ? true : undefined));
    expect(await returned()).toBeGreaterThan(before);
    await system.server.withChannel((channel) => channel.assertQueue('not-there-yet'));
    expect(await system.server.take('not-there-yet', 1)).toMatchObject([{ messageId: row.messageId }]);
    await emptied();
  });

  it('sends within seconds, once there is a queue, what has waited for hours for its consumer to start', async () => {
    const { pool } = system.database;
    const queue = 'of-a-consumer-that-starts-late';
    const rows = 6_000; // more than are released at once
    await pool.query(
      `INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, body, created_at)
       SELECT gen_random_uuid(), '', $1, true, '{}', now() - interval '5 hours' FROM generate_series(1, $2)`,
      [queue, rows],
    );
    start();
    await eventually(async () => {
      const held = await pool.query('SELECT FROM outbox_messages WHERE claimed_until IS NULL');
      return held.rowCount === 0 || undefined;
    });
    await system.server.withChannel((channel) => channel.assertQueue(queue));
    // Well before the pauses of five minutes are over.
    await emptied();
    expect(await system.server.depth(queue)).toBe(rows);
    await system.server.withChannel((channel) => channel.deleteQueue(queue));
  });

  it('lets commands pass, and other events, when a subscriber takes nothing', async () => {
    const event = (routingKey: string): OutboxRow => ({
      ...openedMessage(),
      ...{ mandatory: false, exchange: 'customers', routingKey },
    });
    await system.server.withChannel(async (channel) => {
      for (const [queue, key, args] of [
        ['full', 'customer.joined.v1', { 'x-max-length': 1, 'x-overflow': 'reject-publish' }],
        ['healthy', 'customer.#', {}],
      ] as const) {
        await channel.assertQueue(queue, { arguments: args });
        await channel.bindQueue(queue, 'customers', key);
      }
    });
    const refused = Array.from({ length: 30 }, () => event('customer.joined.v1'));
    const [other, command] = [event('customer.left.v1'), openedMessage()];
    await write(...refused, other, command);
    start({ batchSize: 10 });
    expect(await system.server.take(QUEUE, 1)).toMatchObject([{ messageId: command.messageId }]);
    await eventually(async () => {
      const { rows } = await system.database.pool.query('SELECT message_id FROM outbox_messages');
      // One is in the queue. The rest is kept, and held back.
      return rows.length === 29 && rows.every((row) => row.message_id !== other.messageId) ? true : undefined;
    });
    await system.server.withChannel(async (channel) => {
      await channel.deleteQueue('full');
      await channel.deleteQueue('healthy');
    });
    await emptied();
  });

  it('publishes commands before the events of a subscriber who keeps it waiting', async () => {
    const published: boolean[][] = [];
    const publish: Broker['publish'] = async (messages) => {
      published.push(messages.map(({ mandatory }) => mandatory));
      const commands = messages.filter(({ mandatory }) => mandatory);
      const outcomes = await system.broker.publish(commands);
      return messages.map(({ mandatory }) => (mandatory ? outcomes.shift() : undefined) ?? 'unanswered');
    };
    const events = many(30).map((row) => ({ ...row, mandatory: false }));
    const [first, second] = many(2);
    await write(...events, first as OutboxRow, second as OutboxRow);
    start({ broker: { ...system.broker, publish }, batchSize: 10 });
    const messages = await system.server.take(QUEUE, 2);
    expect(messages.map(({ messageId }) => messageId)).toEqual([first?.messageId, second?.messageId]);
    expect(published[0]).toEqual([true, true, ...Array(8).fill(false)]);
    expect(await pending()).toBe(30);
  });

  it('forgets an event that nobody listens to', async () => {
    await write({ ...openedMessage(), mandatory: false, exchange: 'customers', routingKey: 'customer.joined.v1' });
    start().wake();
    await emptied();
  });

  it('tells how many messages wait, and for how long', async () => {
    await write(...many(3));
    const stats = await outboxStats(system.database.pool);
    expect(stats.pending).toBe(3);
    expect(stats.oldestSeconds).toBeGreaterThan(0);
    expect(stats.oldestSeconds).toBeLessThan(10);
  });
});
