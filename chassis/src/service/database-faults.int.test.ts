import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { createPool, type Pool } from '../base/db/pool.ts';
import { createRequestShare } from '../base/db/request-share.ts';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics, type Metrics } from '../base/telemetry/metrics.ts';
import { requestContext } from '../edge/context.ts';
import { LOAD_LIMITS } from '../edge/load-shedding/limits.ts';
import { problemHandler } from '../edge/problem.ts';
import { HTTP_LIMITS, listen, type RunningServer } from '../edge/server.ts';
import { startConsumer } from '../reliable/messaging/consume.ts';
import { DATABASE_FAULTS, databaseFault } from '../reliable/postgres/faults.ts';
import { inTransaction } from '../reliable/postgres/transaction.ts';
import { atEnd } from '../testing/at-end.ts';
import { eventually } from '../testing/eventually.ts';
import { counted, type MessagingSystem, now, openedMessage, startMessagingSystem } from '../testing/messaging.ts';
import { describeNeeding } from '../testing/needing.ts';
import { accountOpenedV1, openingsQueue } from '../testing/queues.ts';
import { withClient } from '../testing/with-client.ts';
import { healthRoutes } from './health.ts';
import { createLifecycle } from './lifecycle.ts';

const QUEUE = openingsQueue.name;
const PASSWORD = 'test';
// Those of a service say nothing of the code on a busy machine.
const LIMITS = { connectMs: 60_000, statementMs: 10_000, queryMs: 60_000 };

let system: MessagingSystem;
let server: RunningServer;
let metrics: Metrics;
/** What the service connects as; its attributes are what a DBA changes. */
let role: string;
let url: URL;
let pool: Pool;
/** What is logged at warn or above. */
const lines: { message: string; others?: number }[] = [];
const log = createLogger('test', 'warn', { to: { write: (line) => lines.push(JSON.parse(line)) } });
/** What the service does for a request and for a message. */
let work: (trx: Parameters<Parameters<typeof inTransaction>[1]>[0]) => Promise<unknown>;

const write = (trx: Pick<Pool, 'query'>) => trx.query('INSERT INTO effects (account_id) VALUES (gen_random_uuid())');
const raise = (code: string) => (trx: Pick<Pool, 'query'>) => trx.query('SELECT raise($1)', [code]);
const asOwner = (sql: string) => withClient(system.database.url, (client) => client.query(sql));

beforeAll(async () => {
  system = await startMessagingSystem();
  atEnd(() => system.drop());
  role = `service_${randomUUID().slice(0, 8)}`;
  await asOwner(/* sql */ `
    CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}';
    GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
    CREATE FUNCTION raise(code text) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = code; END $$`);
  atEnd(() => asOwner(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
  url = new URL(system.database.url);
  url.username = role;
  url.password = PASSWORD;
});
beforeEach(async () => {
  lines.length = 0;
  metrics = createMetrics('test', '0');
  work = write;
  pool = createPool({ connectionString: () => url.href, applicationName: 'test', max: 5, limits: LIMITS }, log);
  atEnd(() => pool.end());
  const app = express();
  app.use(requestContext({ log, metrics }));
  const requestPool = createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine });
  const lifecycle = createLifecycle();
  const health = healthRoutes({ pool, requestPool, broker: system.broker, lifecycle, metrics, log, version: '0' });
  app.get('/health', health.report);
  app.post('/', async (_req, res) => {
    await inTransaction(pool, (trx) => work(trx));
    res.send('done');
  });
  app.use(problemHandler);
  server = await listen(app, '127.0.0.1', 0, HTTP_LIMITS);
  atEnd(() => server.close());
});

async function post(): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST' });
  if (answer.status === 200) return 'done';
  const { code } = (await answer.json()) as { code: string };
  return `${answer.status} ${code} ${answer.headers.get('retry-after')}`;
}
const REFUSED = '503 unavailable 1';

async function health(): Promise<string> {
  const { status } = (await (await fetch(`http://127.0.0.1:${server.port}/health`)).json()) as { status: string };
  return status;
}

const pid = async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;
/** As many sessions as the pool may have, all of them used once. */
async function fillPool(): Promise<void> {
  await Promise.all(Array.from({ length: 5 }, () => pool.query('SELECT pg_sleep(0.1)')));
  expect(pool.totalCount).toBe(5);
}
const endSessions = () =>
  asOwner(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`);
const outcomes = (outcome: string) => counted(metrics, 'messages_handled_total', { queue: QUEUE, outcome });

/** Consume one message, whose handler does `handle` with the number of the call; how often it was retried until handled. */
async function retriesUntilHandled(handle: (trx: Pick<Pool, 'query'>, call: number) => Promise<unknown>) {
  // Of a test that failed.
  await system.server.purge();
  let calls = 0;
  const { broker } = system;
  const consumer = startConsumer({
    ...{ queue: QUEUE, definitions: [accountOpenedV1], broker, pool, metrics, now, log },
    ...{ retryDelaysMs: [50, 200], probeIntervalMs: 100 },
    handle: async (trx, messages) => {
      calls += 1;
      await handle(trx, calls);
      return messages.map(() => 'handled');
    },
  });
  try {
    await broker.publish([openedMessage()]);
    await eventually(async () => ((await outcomes('handled')) === 1 ? true : undefined), 120_000);
    return { calls, retried: await outcomes('retried') };
  } finally {
    await consumer.stop();
  }
}

/** A SQLSTATE of each row: the row's own, or one of its class. */
const states = Object.entries(DATABASE_FAULTS).map(([key, fault]) => ({ state: key.padEnd(5, '0'), ...fault }));

describe.each(states)('$state: $meaning', ({ state, session, consumer, health: ofHealth }) => {
  it('is 503 with Retry-After for the request', async () => {
    work = raise(state);
    expect(await post()).toBe(REFUSED);
    work = write;
    expect(await post()).toBe('done');
  });

  it(`the session ${session}`, async () => {
    await fillPool();
    const before = await pid();
    work = raise(state);
    await post();
    const kept = { stays: 5, leaves: 4, 'all leave': 0 }[session];
    await eventually(() => (pool.totalCount === kept ? true : undefined));
    if (session !== 'stays') expect(await pid()).not.toBe(before);
  });

  it(`the consumer ${consumer}`, async () => {
    // A transaction that lost to another runs five times by itself.
    const failing = state.startsWith('40') ? 10 : 2;
    expect(await retriesUntilHandled((trx, call) => (call <= failing ? raise(state)(trx) : write(trx)))).toEqual({
      calls: failing + 1,
      retried: consumer === 'retries' ? 2 : 0,
    });
  });

  it(`the health is that of a ${ofHealth === 'asked' ? 'database that answers' : 'failed write'}`, async () => {
    const blocked = asOwner(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM raise('${state}'); END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON outbox_messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
    try {
      await blocked;
      expect(await health()).toBe('ok');
      work = raise(state);
      await post();
      expect(await health()).toBe(ofHealth === 'asked' ? 'ok' : 'down');
    } finally {
      await asOwner('DROP TRIGGER refuse ON outbox_messages; DROP FUNCTION refuse()');
    }
    expect(await health()).toBe('ok');
  });
});

it('what refuses the content of a statement is no fault of the database', async () => {
  for (const state of ['22021', '23505', '42601', '42P01', 'P0001']) {
    work = raise(state);
    expect(await post()).toBe('500 internal null');
  }
});

it('a message that is never to blame pauses its consumer as often as it takes, and one that may be counts at last', async () => {
  const often = (state: string) => retriesUntilHandled((trx, call) => (call <= 5 ? raise(state)(trx) : write(trx)));
  expect(await often('53100')).toEqual({ calls: 6, retried: 0 });
  metrics.messagesHandled.reset();
  expect((await often('53200')).retried).toBe(1);
});

describe('a database that only reads', () => {
  const promote = () => asOwner(`ALTER ROLE ${role} RESET default_transaction_read_only`);
  const demote = async () => {
    await asOwner(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    atEnd(promote);
    await endSessions();
  };

  it('takes one request to leave all its sessions, once there is one that writes', async () => {
    await demote();
    await eventually(async () => ((await post()) === REFUSED ? true : undefined));
    await fillPool();
    await promote();
    expect(await post()).toBe(REFUSED);
    expect(await Promise.all(Array.from({ length: 20 }, post))).toEqual(Array(20).fill('done'));
  });

  it('is down before anybody has written, and its sessions leave when that is asked', async () => {
    await demote();
    await fillPool();
    expect([await health(), await health()]).toEqual(['down', 'down']);
    await fillPool();
    await promote();
    await eventually(async () => ((await health()) === 'ok' ? true : undefined));
    expect(await Promise.all(Array.from({ length: 20 }, post))).toEqual(Array(20).fill('done'));
  });

  it('pauses consumers for as long as it lasts', async () => {
    await demote();
    const handled = retriesUntilHandled(write);
    await eventually(() => lines.some(({ message }) => message.includes('consumer paused')) || undefined);
    expect(await health()).toBe('down');
    await promote();
    expect(await handled).toMatchObject({ retried: 0 });
  });

  it('is logged once, and not for each request', async () => {
    await demote();
    const began = performance.now();
    for (let n = 0; n < 50; n += 1) await post();
    const seconds = (performance.now() - began) / 1_000;
    const saying = (message: string) => lines.filter((line) => line.message === message);
    expect(saying('database does not accept writes')).toHaveLength(1);
    expect(saying('request failed').length).toBeLessThanOrEqual(1 + seconds);
    await promote();
  });
});

describe('a role or a database that lets nobody in', () => {
  it.each([
    ['28P01', `PASSWORD 'other'`, `PASSWORD '${PASSWORD}'`],
    ['28000', 'NOLOGIN', 'LOGIN'],
    ['53300', 'CONNECTION LIMIT 0', 'CONNECTION LIMIT -1'],
  ])('%s is 503 and down, until it lets the service in again', async (state, lockOut, letIn) => {
    await asOwner(`ALTER ROLE ${role} ${lockOut}`);
    try {
      await expect(pool.connect()).rejects.toMatchObject({ code: state });
      expect([await post(), await health()]).toEqual([REFUSED, 'down']);
    } finally {
      await asOwner(`ALTER ROLE ${role} ${letIn}`);
    }
    expect([await post(), await health()]).toEqual(['done', 'ok']);
  });

  it('so is a database that is gone, or closed to all', async () => {
    const known = url.pathname;
    await withClient(process.env.TEST_POSTGRES_URL ?? '', async (client) => {
      const name = `closed_${randomUUID().slice(0, 8)}`;
      url.pathname = `/${name}`;
      try {
        await expect(pool.connect()).rejects.toMatchObject({ code: '3D000' });
        expect([await post(), await health()]).toEqual([REFUSED, 'down']);
        await client.query(`CREATE DATABASE ${name} ALLOW_CONNECTIONS false`);
        await expect(pool.connect()).rejects.toMatchObject({ code: '55000' });
        expect([await post(), await health()]).toEqual([REFUSED, 'down']);
      } finally {
        url.pathname = known;
        await client.query(`DROP DATABASE IF EXISTS ${name}`);
      }
    });
    expect([await post(), await health()]).toEqual(['done', 'ok']);
  });
});

describe('a statement that is ended', () => {
  const sleeping = (end: string) => async () => {
    await eventually(async () => {
      const sql = `SELECT ${end}(pid) FROM pg_stat_activity WHERE usename = '${role}' AND query ~ 'pg_sleep'`;
      return (await asOwner(sql)).rowCount || undefined;
    });
  };

  it('by a person is another thing than one that takes too long', async () => {
    const failure = pool.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
    await sleeping('pg_cancel_backend')();
    expect(databaseFault(await failure)?.meaning).toBe('the statement was cancelled by a user');
    const limits = { ...LIMITS, statementMs: 1_000 };
    const brief = createPool({ connectionString: url.href, applicationName: 'test', max: 1, limits }, log);
    atEnd(() => brief.end());
    const late = brief.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
    expect(databaseFault(await late)?.meaning).toBe('statement timeout');
  });

  it('with its session is 503, and the next one is done', async () => {
    work = (trx) => trx.query('SELECT pg_sleep(60)');
    const answer = post();
    await sleeping('pg_terminate_backend')();
    expect(await answer).toBe(REFUSED);
    work = write;
    expect(await post()).toBe('done');
  });
});

/** A small file system of its own; undefined where this process may not mount one. */
function mountDisk(): { folder: string; unmount(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=777', 'tmpfs', folder]);
  const unmount = () => {
    if (status === 0) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  };
  if (status === 0) return { folder, unmount };
  unmount();
  return undefined;
}

/** A server in a container has folders of its own. Asked before any test is known, so by another process. */
function canFillDisk(): boolean {
  const disk = mountDisk();
  if (!disk) return false;
  const script = `
    const client = new (require('pg').Client)({ connectionString: process.env.TEST_POSTGRES_URL });
    client.connect()
      .then(() => client.query('SELECT size FROM pg_stat_file($1, true)', ['${disk.folder}']))
      .then(({ rows }) => process.exit(rows[0]?.size == null ? 1 : 0), () => process.exit(1));`;
  const { status } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname });
  disk.unmount();
  return status === 0;
}

describeNeeding('the right to mount a disk that the server sees', canFillDisk(), 'a disk that is full', () => {
  let disk: NonNullable<ReturnType<typeof mountDisk>>;
  const name = `small_${randomUUID().slice(0, 8)}`;
  const TABLES = ['effects', 'outbox_messages', 'inbox_messages'];
  const move = async (space: string) => {
    for (const table of TABLES) await asOwner(`ALTER TABLE ${table} SET TABLESPACE ${space}`);
  };
  beforeAll(async () => {
    const mounted = mountDisk();
    if (!mounted) throw new Error('no disk any more');
    disk = mounted;
    atEnd(disk.unmount);
    const folder = mkdtempSync(join(disk.folder, 'tables-'));
    chmodSync(folder, 0o777);
    await asOwner(`CREATE TABLESPACE ${name} LOCATION '${folder}'`);
    atEnd(() => asOwner(`DROP TABLESPACE ${name}`));
    atEnd(() => move('pg_default'));
    await move(name);
  });

  it('is 503 and down, pauses consumers, and heals by itself', async () => {
    work = (trx) =>
      trx.query('INSERT INTO effects (account_id) SELECT gen_random_uuid() FROM generate_series(1, 1000)');
    expect([await post(), await health()]).toEqual(['done', 'ok']);
    const filler = join(disk.folder, 'filler');
    expect(() => {
      for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
    }).toThrow('ENOSPC');
    await eventually(async () => ((await post()) === REFUSED ? true : undefined));
    expect(await health()).toBe('down');
    expect(lines).toContainEqual(expect.objectContaining({ meaning: 'disk full' }));
    const handled = retriesUntilHandled((trx) => work(trx as never));
    expect([await post(), await health()]).toEqual([REFUSED, 'down']);
    rmSync(filler);
    await eventually(async () => ((await health()) === 'ok' ? true : undefined));
    expect(await post()).toBe('done');
    expect(await handled).toMatchObject({ retried: 0 });
  });
});
