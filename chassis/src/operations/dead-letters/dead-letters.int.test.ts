import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import request from 'supertest';
import { createRequestShare } from '../../base/db/request-share.ts';
import { LOAD_LIMITS } from '../../edge/load-shedding/limits.ts';
import type { DeadLetter } from '../../reliable/dead-letters/dead-letter.ts';
import { storeLetter } from '../../reliable/dead-letters/dead-letters.sql.ts';
import { startDrainer } from '../../reliable/dead-letters/drainer.ts';
import { readLetter } from '../../reliable/dead-letters/read-letter.ts';
import { startReplayCounter } from '../../reliable/idempotency/replay-counter.ts';
import { deadLetterQueueName } from '../../reliable/messaging/topology.ts';
import { type OutboxRow, toOutboxRow } from '../../reliable/outbox/outbox-message.ts';
import { type Relay, startRelay } from '../../reliable/outbox/relay.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { createApp } from '../../service/app.ts';
import { createLifecycle } from '../../service/lifecycle.ts';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import {
  counted,
  cutOffDatabase,
  type MessagingSystem,
  now,
  openedMessage,
  silent,
  startMessagingSystem,
} from '../../testing/messaging.ts';
import { accountOf, consumeOpenings, createOpeningsHandler } from '../../testing/openings.ts';
import { closeAccountV1, commandsQueue, freezeAccountV1, openingsQueue, subject } from '../../testing/queues.ts';
import { nobody } from '../../testing/token-issuer.ts';
import { deadLetterOperations } from './dead-letters.openapi.ts';
import { deadLetterRoutes } from './dead-letters.routes.ts';
import type { ReplayedLetter } from './resolve-letters.ts';

const QUEUE = openingsQueue.name;
const LETTERS = deadLetterQueueName(QUEUE);
const BASE = '/operations/test/dead-letters';
const UNKNOWN = randomUUID();
const TOKEN = 'g'.repeat(32);

describe('dead letters', () => {
  let system: MessagingSystem;
  let relay: Relay;
  let http: ReturnType<typeof createApp>;
  const { poison, hopeless, handle, reset: resetHandler } = createOpeningsHandler();
  const told: ReplayedLetter[] = [];

  beforeAll(async () => {
    system = await startMessagingSystem();
    atEnd(() => system.drop());
    const { pool } = system.database;
    const { broker, metrics } = system;
    relay = startRelay({ pool, broker, metrics, now, log: silent });
    atEnd(() => relay.stop());
    const replays = startReplayCounter(pool, silent);
    atEnd(() => replays.stop());
    consumeOpenings(system, { handle });
    const lifecycle = createLifecycle();
    const findKeptFingerprint = async () => undefined;
    const requestPool = createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine });
    const deps = {
      pool,
      requestPool,
      metrics,
      now,
      log: silent,
      replays,
      broker,
      lifecycle,
      findKeptFingerprint,
      version: '0',
    };
    const routes = deadLetterRoutes({
      ...deps,
      base: '/operations/test',
      indispensable: [closeAccountV1, freezeAccountV1],
      async onReplayed(_trx, letters) {
        told.push(...letters);
      },
      now: () => new Date(),
      wakeRelay: relay.wake,
    });
    http = createApp({
      ...deps,
      gatewayTokens: { keyed: [TOKEN], keyless: [] },
      people: nobody,
      operations: deadLetterOperations('/operations/test', QUEUE),
      routes,
      name: 'test',
      describe: () => ({}),
    });
  });
  beforeEach(async () => {
    await system.reset();
    resetHandler();
    told.length = 0;
  });

  const drain = (pool = system.database.pool, queue = QUEUE) => {
    const { broker, metrics } = system;
    const drainer = startDrainer({ queue, broker, pool, metrics, now, subject, log: silent });
    atEnd(() => drainer.stop());
    return drainer;
  };
  const send = async (...rows: OutboxRow[]) => {
    const outcomes = await system.broker.publish(rows.map((row) => ({ ...row, exchange: '', routingKey: QUEUE })));
    expect(new Set(outcomes)).toEqual(new Set(['confirmed']));
  };
  const sendBody = (body: string, properties: object = {}) =>
    system.server.withChannel(async (channel) => {
      channel.sendToQueue(QUEUE, Buffer.from(body), properties);
      await channel.waitForConfirms();
    });
  const asOperator = {
    'x-gateway-token': TOKEN,
    'x-consumer-custom-id': 'operator-1',
    'x-consumer-groups': 'operations',
  };
  const get = async (path = '') =>
    (
      await request(http)
        .get(BASE + path)
        .set(asOperator)
        .expect(200)
    ).body;
  const post = (path: string, body?: object, key: string = randomUUID()) =>
    request(http)
      .post(BASE + path)
      .set(asOperator)
      .set('Idempotency-Key', key)
      .send(body);
  const list = async (query = ''): Promise<DeadLetter[]> => (await get(query)).items;
  const letters = (count: number, query = '') =>
    eventually(async () => {
      const found = await list(query);
      if (found.length !== count) throw new Error(`${found.length} instead of ${count} dead letters`);
      return found;
    });
  const only = async (query = '') => (await letters(1, query))[0] as DeadLetter;
  const reached = async (id: string, status: DeadLetter['status'], entries = 0) =>
    eventually(async () => {
      const letter: DeadLetter = await get(`/${id}`);
      return letter.status === status && letter.history.length >= entries ? letter : undefined;
    });
  const effects = () => system.database.effects();
  const context = { correlationId: 'test', occurredAt: new Date() };

  it('are drained once, with the error of every attempt', async () => {
    const row = openedMessage();
    poison.add(accountOf(row));
    drain();
    drain();
    await send(row);
    const letter = await only();
    expect(letter).toEqual({
      id: expect.any(String),
      queue: QUEUE,
      type: 'account.opened',
      reason: 'attempts-exhausted',
      group: `${QUEUE}:account.opened:attempts-exhausted`,
      status: 'open',
      attempts: 3,
      history: [...Array(3).fill(expect.objectContaining({ type: 'failed', message: 'poison' })), expect.anything()],
    });
    expect(letter.history[3]).toMatchObject({ type: 'dead-lettered', reason: 'attempts-exhausted' });
    expect(await get(`/${letter.id}`)).toMatchObject({
      ...letter,
      subjectId: accountOf(row),
      message: { id: row.messageId, routingKey: QUEUE, body: row.body, headers: { 'x-attempts': 3 } },
    });
    await eventually(async () => ((await system.server.depth(LETTERS)) === 0 ? true : undefined));
    await eventually(async () =>
      (await counted(system.metrics, 'dead_letters_open', { queue: QUEUE })) === 1 ? true : undefined,
    );
  });

  it('are handled when they are replayed after their cause is gone', async () => {
    const row = openedMessage();
    hopeless.add(accountOf(row));
    drain();
    await send(row);
    const { id } = await only();
    hopeless.clear();
    const { body } = await post(`/${id}/replay`).expect(200);
    expect(body).toMatchObject({ id, status: 'replayed', history: [{}, { type: 'replayed', actor: 'operator-1' }] });
    await eventually(async () => ((await effects()).length === 1 ? true : undefined));
    expect(await effects()).toEqual([accountOf(row)]);
    expect(told).toMatchObject([{ id, type: 'account.opened', subjectId: accountOf(row) }]);
    expect(await list('?status=open')).toEqual([]);
  });

  it('open the same row again when they are still poison, with all their attempts anew', async () => {
    const row = openedMessage();
    poison.add(accountOf(row));
    drain();
    await send(row);
    const { id } = await only();
    await post(`/${id}/replay`).expect(200);
    const letter = await reached(id, 'open', 9);
    expect(letter.attempts).toBe(6);
    expect(letter.history.map(({ type }) => type)).toEqual([
      ...Array(3).fill('failed'),
      'dead-lettered',
      'replayed',
      ...Array(3).fill('failed'),
      'dead-lettered',
    ]);
    expect(await list()).toHaveLength(1);
    poison.clear();
    await post(`/${id}/replay`).expect(200);
    await eventually(async () => ((await effects()).length === 1 ? true : undefined));
  });

  it('without a message id open the same row again, too', async () => {
    drain();
    await sendBody('{"poison": 1}');
    const { id } = await only();
    await post(`/${id}/replay`).expect(200);
    expect((await reached(id, 'open', 3)).history.map(({ type }) => type)).toEqual([
      'dead-lettered',
      'replayed',
      'dead-lettered',
    ]);
    expect(await list()).toHaveLength(1);
  });

  it('without a message id are as many as were sent, however equal', async () => {
    drain();
    await sendBody('{"poison": 1}');
    await sendBody('{"poison": 1}');
    await letters(2);
    expect((await get('/groups')).items).toMatchObject([{ count: 2, reason: 'unparseable' }]);
  });

  it('make no second row when the drainer died between commit and ack', async () => {
    const row = openedMessage();
    hopeless.add(accountOf(row));
    await send(row, openedMessage());
    await eventually(async () => ((await system.server.depth(LETTERS)) === 1 ? true : undefined));
    // Taken but never answered: the redelivery is what a drainer's death looks like to the next one.
    const [taken] = await system.server.take(LETTERS, 1);
    const again = async (redeliver: boolean) =>
      system.server.withChannel(async (channel) => {
        channel.sendToQueue(LETTERS, Buffer.from(row.body), { messageId: row.messageId, headers: taken?.headers });
        await channel.waitForConfirms();
        if (redeliver) await channel.get(LETTERS);
      });
    const drainer = drain();
    await again(false);
    const { id } = await only();
    await post(`/${id}/discard`, { reason: 'test' }).expect(200);
    await drainer.stop();
    await again(true);
    drain();
    await eventually(async () => ((await system.server.depth(LETTERS)) === 0 ? true : undefined));
    expect(await list()).toMatchObject([{ id, status: 'discarded' }]);
  });

  it('come as often as their message died, and no more often when they are delivered again', async () => {
    const { database } = system;
    const arrive = (deliveries: number, properties: object, body = 'no JSON') => {
      const headers = { 'x-death': [{ queue: QUEUE, reason: 'rejected', time: 1 }], 'x-delivery-count': deliveries };
      const fields = { redelivered: deliveries > 0, routingKey: LETTERS };
      const delivery = { content: Buffer.from(body), fields, properties: { headers, ...properties } };
      const letter = readLetter(QUEUE, delivery as unknown as ConsumeMessage, new Date(), subject);
      return inTransaction(database.pool, (trx) => storeLetter(trx, letter));
    };
    // RabbitMQ 4 calls a letter delivered before when its message was, so twins look like one letter that comes twice.
    expect([await arrive(1, {}), await arrive(1, {})]).toEqual(['new', 'new']);
    expect([await arrive(2, {}), await arrive(2, {})]).toEqual(['known', 'known']);
    expect(await arrive(2, {})).toBe('new');

    const named = { messageId: 'm-1' };
    const secondDeath = { ...named, headers: { 'x-death': [{ queue: QUEUE, reason: 'rejected', time: 2 }] } };
    expect([await arrive(1, named), await arrive(2, named)]).toEqual(['new', 'known']);
    await database.pool.query(`UPDATE dead_letters SET status = 'discarded', actor = 'a', discard_reason = 'r'`);
    expect([await arrive(3, named), await arrive(0, secondDeath)]).toEqual(['known', 'reopened']);
  });

  it('that were discarded open again when another copy of their message dies', async () => {
    const row = openedMessage();
    hopeless.add(accountOf(row));
    drain();
    await send(row);
    const { id } = await only();
    await post(`/${id}/discard`, { reason: 'not ours' }).expect(200);
    await send(row);
    await reached(id, 'open');
    expect(await list()).toHaveLength(1);
  });

  it('are not opened by a copy from before their latest replay', async () => {
    const row = openedMessage();
    hopeless.add(accountOf(row));
    drain();
    await send(row);
    const { id } = await only();
    for (const entries of [3, 5]) {
      await post(`/${id}/replay`).expect(200);
      await reached(id, 'open', entries);
    }
    hopeless.clear();
    await post(`/${id}/replay`).expect(200);
    await eventually(async () => ((await effects()).length === 1 ? true : undefined));
    await system.server.withChannel(async (channel) => {
      const headers = { 'x-dead-letter-id': id, 'x-replay': 2, 'x-reason': 'late' };
      channel.sendToQueue(LETTERS, Buffer.from(row.body), { messageId: row.messageId, headers });
      channel.sendToQueue(LETTERS, Buffer.from('the next'));
      await channel.waitForConfirms();
    });
    await letters(2);
    expect((await get(`/${id}`)).status).toBe('replayed');
  });

  it('stay in the queue while the database is away, and are drained when it is back', async () => {
    const database = await cutOffDatabase(system.database.url);
    atEnd(() => database.close());
    drain(database.pool);
    const rows = [openedMessage(), openedMessage()];
    for (const row of rows) hopeless.add(accountOf(row));
    await send(...rows);
    await eventually(async () => ((await system.server.depth(LETTERS)) === 2 ? true : undefined));
    expect(await list()).toEqual([]);
    database.restore();
    await letters(2);
    await eventually(async () => ((await system.server.depth(LETTERS)) === 0 ? true : undefined));
  });

  it('go on being drained after the broker closed the connection', async () => {
    drain();
    // Named, for their consumer may set the first one aside again when the acknowledgement was lost.
    const [first, second] = [openedMessage(), openedMessage()];
    for (const row of [first, second]) hopeless.add(accountOf(row));
    await send(first);
    await letters(1);
    await eventually(async () => {
      await system.server.closeConnections();
      return system.broker.isConnected() ? undefined : true;
    });
    await eventually(() => system.broker.isConnected() || undefined);
    await send(second);
    await letters(2);
  });

  it('are made of every bad message, with a clear reason, while the others have their effect', async () => {
    drain();
    const good = [openedMessage(), openedMessage()];
    const bad = JSON.parse(openedMessage().body);
    const bodies: [reason: string, detail: RegExp, body: string][] = [
      ['unparseable', /JSON/, 'hello'],
      ['unparseable', /JSON/, 'a\0b'],
      ['unparseable', /expected object/, '"a text"'],
      ['unparseable', /at id/, JSON.stringify({ ...bad, id: undefined })],
      ['unparseable', /at id/, JSON.stringify({ ...bad, id: 'x' })],
      ['unparseable', /at accountId/, JSON.stringify({ ...bad, payload: { accountId: '\0' } })],
      ['unknown-type', /account.lost version 1/, JSON.stringify({ ...bad, type: 'account.lost' })],
      ['unknown-type', /account.opened version 9/, JSON.stringify({ ...bad, version: 9 })],
      ['too-large', /10485760 bytes/, 'x'.repeat(10 * 1024 * 1024)],
    ];
    await send(good[0] as OutboxRow);
    for (const [, , body] of bodies) await sendBody(body);
    await send(good[1] as OutboxRow);
    const found = await letters(bodies.length);
    const remaining = [...bodies];
    for (const { id } of found) {
      const { reason, history, message } = await get(`/${id}`);
      const index = remaining.findIndex(([, , body]) => body.replaceAll('\0', '\ufffd') === message.body);
      const [expected, detail] = remaining.splice(index, 1)[0] ?? [];
      expect(index).toBeGreaterThanOrEqual(0);
      expect({ reason, history }).toEqual({
        reason: expected,
        history: [expect.objectContaining({ reason: expected, detail: expect.stringMatching(detail as RegExp) })],
      });
    }
    expect((await effects()).sort()).toEqual(good.map(accountOf).sort());
  });

  it('are also what the broker sets aside because it kills its consumers', async () => {
    const { name } = commandsQueue;
    const lost = toOutboxRow(closeAccountV1, { accountId: randomUUID() }, context);
    expect(await system.broker.publish([lost])).toEqual(['confirmed']);
    drain(system.database.pool, name);
    await eventually(async () => {
      // Taken, never answered, and the connection closed: what a crash looks like to the broker.
      await system.server.withChannel((channel) => channel.get(name));
      return (await list()).length === 1 ? true : undefined;
    });
    const { id, ...letter } = await only();
    expect(letter).toMatchObject({ queue: name, reason: 'delivery-limit', type: 'account.close', attempts: 21 });
    expect((await get(`/${id}`)).message).toMatchObject({ routingKey: 'account.close.v1', body: lost.body });
  });

  it('whose headers PostgreSQL would not take as jsonb are drained all the same', async () => {
    drain();
    await system.server.withChannel(async (channel) => {
      const headers = { 'x-reason': 'a\0b', 'x-history': [{ message: 'nul \0' }], odd: Buffer.from([0, 255]) };
      channel.sendToQueue(LETTERS, Buffer.from('{}'), { headers });
      await channel.waitForConfirms();
    });
    const { id } = await only();
    expect(await get(`/${id}`)).toMatchObject({ reason: 'unknown', history: [{ message: 'nul \0' }, {}] });
    await post(`/${id}/replay`).expect(200);
  });

  describe('over HTTP', () => {
    async function three() {
      drain();
      const rows = [openedMessage(), openedMessage()];
      for (const row of rows) hopeless.add(accountOf(row));
      await send(...rows);
      await sendBody('hello');
      return letters(3);
    }

    it('are grouped by queue, type and reason', async () => {
      await three();
      const times = { firstAt: expect.any(String), lastAt: expect.any(String) };
      const held = { queue: QUEUE, type: 'account.opened', reason: 'no-such-account', count: 2 };
      const other = { queue: QUEUE, type: 'unknown', reason: 'unparseable', count: 1 };
      expect(await get('/groups')).toEqual({
        items: [
          { group: `${QUEUE}:account.opened:no-such-account`, ...held, ...times },
          { group: `${QUEUE}:unknown:unparseable`, ...other, ...times },
        ],
      });
    });

    it('are listed newest first, by status and group, page by page', async () => {
      const all = await three();
      expect(all.map(({ id }) => id)).toEqual(
        all
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
      const group = `${QUEUE}:unknown:unparseable`;
      expect(await list(`?group=${group}&status=open`)).toMatchObject([{ group }]);
      expect(await list('?status=discarded')).toEqual([]);
      const first = await get('?limit=2');
      const rest = await get(`?limit=2&cursor=${first.nextCursor}`);
      expect([...first.items, ...rest.items]).toEqual(all);
      expect(rest.nextCursor).toBeUndefined();
      for (const query of [
        '?limit=0',
        '?status=dead',
        '?cursor=x',
        '?more=1',
        `?status=open&cursor=${first.nextCursor}`,
      ])
        await request(http)
          .get(BASE + query)
          .set(asOperator)
          .expect(400);
    });

    it('are found by the account that they speak of', async () => {
      const held = (await three()).find(({ type }) => type === 'account.opened');
      const { subjectId } = await get(`/${held?.id}`);
      expect(await list(`?subjectId=${subjectId.toUpperCase()}`)).toEqual([held]);
      await request(http).get(`${BASE}?subjectId=ORD-1`).set(asOperator).expect(400);
    });

    it('are replayed as a group, and only that', async () => {
      await three();
      hopeless.clear();
      const group = `${QUEUE}:account.opened:no-such-account`;
      const { body } = await post('/replays', { group }).expect(202);
      expect(body).toEqual({ group, replayed: 2, remaining: 0 });
      await eventually(async () => ((await effects()).length === 2 ? true : undefined));
      expect(await list('?status=open')).toMatchObject([{ reason: 'unparseable' }]);
      expect((await post('/replays', { group }).expect(202)).body).toMatchObject({ replayed: 0 });
    });

    it('are discarded with a reason, by somebody, once', async () => {
      drain();
      await sendBody('hello');
      const { id } = await only();
      await post(`/${id}/discard`, {}).expect(400);
      await post(`/${id}/discard`, { reason: '' }).expect(400);
      const { body } = await post(`/${id}/discard`, { reason: 'sent by mistake' }).expect(200);
      expect(body).toMatchObject({ id, status: 'discarded' });
      expect(body.history[1]).toMatchObject({
        type: 'discarded',
        actor: 'operator-1',
        reason: 'sent by mistake',
        at: expect.stringMatching(/Z$/),
      });
      for (const [action, to] of [
        ['replay', 'replayed'],
        ['discard', 'discarded'],
      ] as const) {
        const refused = await post(`/${id}/${action}`, action === 'discard' ? { reason: 'x' } : undefined).expect(409);
        expect(refused.body).toMatchObject({ code: 'illegal-transition', from: 'discarded', to });
      }
    });

    it('are replayed only, where they are a release or a fulfil', async () => {
      drain();
      await send(toOutboxRow(freezeAccountV1, { accountId: randomUUID() }, context));
      const { id, type } = await only();
      expect(type).toBe('account.freeze');
      const { body } = await post(`/${id}/discard`, { reason: 'x' }).expect(409);
      expect(body).toMatchObject({ code: 'illegal-transition', from: 'open', to: 'discarded' });
      await post(`/${id}/replay`).expect(200);
    });

    it.each([
      ['is no JSON', 'unparseable', () => 'x'],
      ['says nothing of its account', 'unparseable', () => JSON.stringify({ type: 'account.close' })],
      [
        'is too large',
        'too-large',
        () => {
          const row = toOutboxRow(freezeAccountV1, { accountId: randomUUID() }, context);
          return row.body + ' '.repeat(300 * 1024);
        },
      ],
    ])('are discarded where they are a release or a fulfil that cannot be read: it %s', async (_what, reason, body) => {
      drain();
      await sendBody(body(), { type: 'account.close' });
      const letter = await only();
      expect([letter.type.startsWith('account.'), letter.reason]).toEqual([true, reason]);
      await post(`/${letter.id}/discard`, { reason: 'nothing can read it' }).expect(200);
      expect(await list('?status=open')).toEqual([]);
    });

    it('take an action once per key, and give its answer again', async () => {
      const row = openedMessage();
      poison.add(accountOf(row));
      drain();
      await send(row);
      const { id } = await only();
      const key = randomUUID();
      const answers = await Promise.all([post(`/${id}/replay`, {}, key), post(`/${id}/replay`, undefined, key)]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers[0]?.text).toBe(answers[1]?.text);
      await reached(id, 'open', 9);
      const again = await post(`/${id.toUpperCase()}/replay`, {}, key).expect(200);
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect((await get(`/${id}`)).status).toBe('open');
      await post(`/${id}/discard`, { reason: 'x' }, key).expect(422);
      await request(http).post(`${BASE}/${id}/replay`).set(asOperator).expect(400);
    });

    it.each([UNKNOWN, 'x'])('are not found by a strange id: %s', async (id) => {
      for (const refused of [
        request(http).get(`${BASE}/${id}`).set(asOperator),
        post(`/${id}/replay`),
        post(`/${id}/discard`, { reason: 'x' }),
        post('/replays', { group: id }),
      ]) {
        const { status, body } = await refused;
        expect([status, body.code]).toEqual([404, 'dead-letter-not-found']);
      }
    });

    it('are shown to nobody whom the gateway did not name', async () => {
      await request(http).get(BASE).set({ 'x-gateway-token': TOKEN }).expect(401);
    });
  });
});
