import type { Express } from 'express';
import request from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../base/db/pool.ts';
import { createRequestShare } from '../../base/db/request-share.ts';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { LOAD_LIMITS } from '../../edge/load-shedding/limits.ts';
import { startReplayCounter } from '../../reliable/idempotency/replay-counter.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { createApp } from '../../service/app.ts';
import { createLifecycle } from '../../service/lifecycle.ts';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { counted, silent } from '../../testing/messaging.ts';
import { createMessagingDatabase, type MessagingDatabase } from '../../testing/messaging-database.ts';
import { patientPool } from '../../testing/patient-pool.ts';
import { nobody } from '../../testing/token-issuer.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { reconciliationOperations } from './reconciliation.openapi.ts';
import { reconciliationRoutes } from './reconciliation.routes.ts';
import { ComparisonError, type Findings, LISTED_AT_MOST, type Mismatch } from './run.ts';

const PATH = '/operations/test/reconciliation';
const TOKEN = 'g'.repeat(32);
const OPERATIONS = {
  'x-gateway-token': TOKEN,
  'x-consumer-custom-id': 'operator-1',
  'x-consumer-groups': 'operations',
};

let database: MessagingDatabase;
let replays: ReturnType<typeof startReplayCounter>;
beforeAll(async () => {
  database = await createMessagingDatabase();
  atEnd(() => database.drop());
  replays = startReplayCounter(database.pool, silent);
  atEnd(() => replays.stop());
});

/** A process: what it compares is the test's to say. */
interface Process {
  reconciler: Reconciler;
  metrics: ReturnType<typeof createMetrics>;
  http: Express;
  compare: (findings: Findings) => Promise<void>;
  compared: number;
}
function start(pool: Pool = database.pool): Process {
  const metrics = createMetrics('test', '0');
  const one: Partial<Process> & Pick<Process, 'compare' | 'compared'> = { compare: async () => {}, compared: 0 };
  const reconciler = createReconciler({
    pool,
    metrics,
    log: silent,
    intervalSeconds: 600,
    kinds: ['odd', 'even'],
    subjectName: 'id',
    compare: (findings) => {
      one.compared += 1;
      return one.compare(findings);
    },
  });
  const requestPool = createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine });
  const deps = {
    pool,
    requestPool,
    metrics,
    log: silent,
    replays,
    broker: { isConnected: () => true, differences: () => [] },
    version: '0',
    reconciler,
  };
  const lifecycle = createLifecycle();
  const routes = reconciliationRoutes({
    ...deps,
    base: '/operations/test',
    findKeptFingerprint: async () => undefined,
  });
  const http = createApp({
    ...deps,
    lifecycle,
    gatewayTokens: { keyed: [TOKEN], keyless: [] },
    people: nobody,
    operations: reconciliationOperations('/operations/test', mismatch('s-1')),
    routes,
    name: 'test',
    describe: () => ({}),
  });
  atEnd(() => reconciler.stop());
  return Object.assign(one, { reconciler, metrics, http });
}
let first: Process;
let second: Process;
beforeEach(async () => {
  await database.truncate();
  first = start();
  second = start();
});

const mismatch = (subject: string, kind = 'odd'): Mismatch => ({
  kind,
  subject,
  expected: 1,
  found: 2,
  because: 'b',
  proposal: 'p',
  repaired: false,
});
const reporting = (count: number) => async (findings: Findings) => {
  findings.count('things', 10);
  for (let n = 1; n <= count; n += 1) findings.report(mismatch(`s-${n}`, n % 2 ? 'odd' : 'even'));
};
const post = (process: Process, key: string = uuidv7(), body?: object) =>
  request(process.http).post(PATH).set(OPERATIONS).set('Idempotency-Key', key).send(body);
const read = async (process: Process, query = '') =>
  (await request(process.http).get(`${PATH}${query}`).set(OPERATIONS).expect(200)).body;
const gauge = (process: Process, kind = 'odd') => counted(process.metrics, 'reconcile_mismatches', { kind });
const rows = async (sql: string) => (await database.pool.query(sql)).rows;
const abandon = () => rows(`UPDATE reconciliation_runs SET lease_until = now() - interval '1 second'`);

describe('POST /reconciliation', () => {
  it('answers with the finished run, and a repeat with the same answer and no second run', async () => {
    first.compare = reporting(3);
    const answer = await post(first, 'k').expect(200);
    expect(answer.body).toMatchObject({
      status: 'finished',
      requestedBy: 'operator-1',
      checked: { things: 10 },
      total: 3,
      kinds: { odd: 2, even: 1 },
      repaired: 0,
      mismatches: [mismatch('s-1'), mismatch('s-2', 'even'), mismatch('s-3')],
    });
    const repeat = await post(second, 'k', {}).expect(200);
    expect([repeat.text, repeat.headers['idempotent-replayed']]).toEqual([answer.text, 'true']);
    expect([first.compared, second.compared]).toEqual([1, 0]);
  });

  it('answers 202 while the run takes longer, and its repeat with the end', async () => {
    const gate = Promise.withResolvers<void>();
    first.compare = () => gate.promise;
    const accepted = await post(first, 'k').expect(202);
    expect(accepted.body).toMatchObject({ status: 'running', mismatches: [] });
    expect(accepted.headers.location).toBe(PATH);
    expect(await read(second)).toMatchObject({ lastRun: { id: accepted.body.id, status: 'running' }, mismatches: [] });
    gate.resolve();
    const repeat = await post(second, 'k').expect(200);
    expect(repeat.body).toMatchObject({ id: accepted.body.id, status: 'finished' });
  });

  it('joins the run that another process has', async () => {
    const gate = Promise.withResolvers<void>();
    first.compare = () => gate.promise;
    const running = post(first).then((answer) => answer);
    await eventually(() => first.compared || undefined);
    const joined = post(second).then((answer) => answer);
    await eventually(async () => ((await rows('SELECT FROM idempotency_keys')).length === 2 ? true : undefined));
    gate.resolve();
    const answers = await Promise.all([running, joined]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1].text).toBe(answers[0].text);
    expect(second.compared).toBe(0);
  });

  it('takes the place of a run that does not compare everything', async () => {
    await post(first).expect(200);
    await rows(`UPDATE reconciliation_runs SET started_at = started_at - interval '1 hour',
      finished_at = finished_at - interval '1 hour'`);
    const { promise: entered, resolve: enter } = Promise.withResolvers<Findings>();
    const gate = Promise.withResolvers<void>();
    first.compare = async (findings) => {
      enter(findings);
      await gate.promise;
      findings.report(mismatch('s-1'));
    };
    await first.reconciler.tick();
    expect((await entered).isFull).toBe(false);
    second.compare = async (findings) => {
      if (!findings.isFull) throw new Error('it is not full');
    };
    const { body } = await post(second).expect(200);
    expect(body).toMatchObject({ status: 'finished', full: true, total: 0 });
    gate.resolve();
    await first.reconciler.stop();
    expect(await read(second)).toMatchObject({
      lastRun: { id: body.id },
      lastFinished: { id: body.id },
      mismatches: [],
    });
    expect(await rows('SELECT error FROM reconciliation_runs WHERE NOT is_full')).toEqual([
      { error: 'Replaced by a full run.' },
    ]);
  });

  it('refuses what is not asked for properly', async () => {
    const bare = request(first.http).post(PATH);
    expect((await bare.set(OPERATIONS)).body.code).toBe('idempotency-key-missing');
    expect((await post(first, 'k', { force: true })).body.code).toBe('validation-failed');
    expect((await request(first.http).post(PATH)).body.code).toBe('gateway-required');
    expect(await rows('SELECT FROM reconciliation_runs')).toEqual([]);
  });
});

describe('GET /reconciliation', () => {
  it('says that there was no run yet', async () => {
    expect(await read(first)).toEqual({ mismatches: [] });
  });

  it('lists what the last finished run found, page by page, in that run alone', async () => {
    first.compare = reporting(LISTED_AT_MOST + 20);
    const run = (await post(first)).body;
    expect([run.total, run.mismatches.length]).toEqual([LISTED_AT_MOST + 20, 50]);
    const page = await read(second, '?limit=2');
    expect(page.mismatches.map(({ subject }: Mismatch) => subject)).toEqual(['s-1', 's-2']);
    first.compare = reporting(1);
    await post(first).expect(200);
    const next = await read(second, `?limit=2&cursor=${page.nextCursor}`);
    expect(next.mismatches.map(({ subject }: Mismatch) => subject)).toEqual(['s-3', 's-4']);
    expect(await read(second)).toMatchObject({ lastFinished: { total: 1 }, mismatches: [{ subject: 's-1' }] });
  });

  it.each(['?limit=0', '?limit=101', '?cursor=x', '?kind=odd'])('refuses %s', async (query) => {
    const answer = await request(first.http).get(`${PATH}${query}`).set(OPERATIONS).expect(400);
    expect(answer.body.code).toBe('validation-failed');
  });
});

describe('a run', () => {
  it('compares everything at first, once a day, and when asked; else what is new and open', async () => {
    const isFull: boolean[] = [];
    const known: object[] = [];
    const written: string[] = [];
    first.compare = async (findings) => {
      isFull.push(findings.isFull);
      known.push(findings.known);
      findings.report(mismatch('s-1'));
      findings.atEnd(async (trx) => {
        const { rows } = await trx.query('SELECT count(*)::text AS count FROM reconciliation_runs');
        written.push(rows[0].count);
      });
    };
    for (const passed of ['0', '11 minutes', '11 minutes', '25 hours', '11 minutes']) {
      await rows(
        `UPDATE reconciliation_runs SET started_at = started_at - interval '${passed}', finished_at = finished_at - interval '${passed}'`,
      );
      await first.reconciler.tick();
      const { lastRun } = await read(first);
      expect(await first.reconciler.ended(lastRun.id, 60_000)).toMatchObject({ status: 'finished' });
    }
    expect((await post(first).expect(200)).body.full).toBe(true);
    expect(isFull).toEqual([true, false, false, true, false, true]);
    expect(known).toEqual([{}, ...Array(5).fill({ odd: 1 })]);
    expect(written).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('that fails says why, and the last good result stays', async () => {
    first.compare = reporting(2);
    const good = (await post(first)).body;
    first.compare = async () => {
      throw new ComparisonError('nobody is there');
    };
    const failed = (await post(first).expect(200)).body;
    expect(failed).toMatchObject({ status: 'failed', error: 'nobody is there' });
    expect(await read(second)).toMatchObject({
      lastRun: { id: failed.id, status: 'failed' },
      lastFinished: { id: good.id, total: 2 },
      mismatches: [{ subject: 's-1' }, { subject: 's-2' }],
    });
    await Promise.all([first, second].map(({ reconciler }) => reconciler.tick()));
    expect([await gauge(first), await gauge(second)]).toEqual([1, 1]);
  });

  it('tells nothing of a bug to whoever asks', async () => {
    first.compare = async () => {
      throw new Error('secret');
    };
    expect((await post(first)).body.error).toBe('Internal error. See the log.');
  });

  it('of a process that died does not block the next, and what it finds after all is thrown away', async () => {
    const frozen = Promise.withResolvers<void>();
    first.compare = async (findings) => {
      await frozen.promise;
      await reporting(5)(findings);
    };
    const dead = (await post(first).expect(202)).body;
    await post(second).expect(202);
    await abandon();
    const next = (await post(second).expect(200)).body;
    frozen.resolve();
    await first.reconciler.stop();
    expect(await read(second)).toMatchObject({ lastRun: { id: next.id }, lastFinished: { id: next.id, total: 0 } });
    expect(await rows(`SELECT status, error FROM reconciliation_runs WHERE id = '${dead.id}'`)).toEqual([
      { status: 'failed', error: 'The process of the run ended or was frozen.' },
    ]);
  });

  it('keeps its lease while it works, however long that takes', async () => {
    const gate = Promise.withResolvers<void>();
    first.compare = () => gate.promise;
    await post(first).expect(202);
    await rows(`UPDATE reconciliation_runs SET lease_until = now() + interval '12 seconds'`);
    await eventually(async () => {
      const [row] = await rows(
        `SELECT FROM reconciliation_runs WHERE status = 'running' AND lease_until > now() + interval '20 seconds'`,
      );
      return row;
    });
    gate.resolve();
  });

  it('is given up when its process stops', async () => {
    first.compare = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await post(first).expect(202);
    await first.reconciler.stop();
    expect(await read(second)).toMatchObject({ lastRun: { status: 'failed', error: 'The process was stopped.' } });
  });

  it('makes room: the latest hundred are kept, and the last good one, however many have failed since', async () => {
    first.compare = reporting(1);
    const good = (await post(first)).body;
    await rows(`UPDATE reconciliation_runs SET started_at = started_at - interval '1 hour'`);
    await rows(`
      INSERT INTO reconciliation_runs (id, status, started_at, finished_at, error)
      SELECT gen_random_uuid(), 'failed', now() - n * interval '1 second', now(), 'e' FROM generate_series(1, 150) n`);
    first.compare = async () => {
      throw new ComparisonError('nobody is there');
    };
    await post(first).expect(200);
    await first.reconciler.stop();
    expect(await rows('SELECT count(*)::integer AS kept FROM reconciliation_runs')).toEqual([{ kept: 101 }]);
    expect(await read(first)).toMatchObject({ lastRun: { status: 'failed' }, lastFinished: { id: good.id } });
  });
});

describe('the schedule', () => {
  const begun = () => first.compared + second.compared;

  it('lets one process begin, of several at the same time', async () => {
    const others = Array.from({ length: 4 }, () => {
      const pool = patientPool(database.url, 2);
      atEnd(() => pool.end());
      return start(pool);
    });
    await Promise.all([first, second, ...others].map(({ reconciler }) => reconciler.tick()));
    await Promise.all([first, second, ...others].map(({ reconciler }) => reconciler.tick()));
    expect(begun() + others.reduce((sum, { compared }) => sum + compared, 0)).toBe(1);
  });

  it('begins again when the interval is over, by the clock of the database', async () => {
    await first.reconciler.tick();
    await eventually(async () => (await read(first)).lastFinished);
    await second.reconciler.tick();
    expect(begun()).toBe(1);
    await rows(`UPDATE reconciliation_runs SET started_at = started_at - interval '600 seconds',
      finished_at = finished_at - interval '600 seconds'`);
    await second.reconciler.tick();
    expect(begun()).toBe(2);
  });

  it('rests after a run for as long as that took, when that is longer', async () => {
    await rows(`INSERT INTO reconciliation_runs (id, status, started_at, finished_at)
      VALUES (gen_random_uuid(), 'finished', now() - interval '50 minutes', now() - interval '20 minutes')`);
    await first.reconciler.tick();
    expect(begun()).toBe(0);
    await rows(`UPDATE reconciliation_runs SET started_at = started_at - interval '11 minutes',
      finished_at = finished_at - interval '11 minutes'`);
    await first.reconciler.tick();
    expect(begun()).toBe(1);
  });

  it('begins again a minute after a failure', async () => {
    first.compare = async () => {
      throw new ComparisonError('nobody is there');
    };
    await first.reconciler.tick();
    await eventually(async () => ((await read(first)).lastRun?.status === 'failed' ? true : undefined));
    await second.reconciler.tick();
    expect(begun()).toBe(1);
    await rows(`UPDATE reconciliation_runs SET finished_at = finished_at - interval '1 minute'`);
    await second.reconciler.tick();
    expect(begun()).toBe(2);
  });

  it('takes a run for failed when its lease is over', async () => {
    await inTransaction(database.pool, (trx) => first.reconciler.request(trx, 'somebody'));
    await second.reconciler.tick();
    expect(await read(second)).toMatchObject({ lastRun: { status: 'running' } });
    await abandon();
    await second.reconciler.tick();
    expect(await read(second)).toMatchObject({ lastRun: { status: 'failed' } });
    await rows(`UPDATE reconciliation_runs SET finished_at = finished_at - interval '1 minute'`);
    await second.reconciler.tick();
    expect(begun()).toBe(1);
  });

  it('shows in every process what the last finished run found, and nothing before there was one', async () => {
    await rows(`INSERT INTO reconciliation_runs (id, status, started_at, finished_at, error)
      VALUES (gen_random_uuid(), 'failed', now(), now(), 'e')`);
    await second.reconciler.tick();
    expect((await second.metrics.registry.getSingleMetric('reconcile_mismatches')?.get())?.values).toEqual([]);
    first.compare = reporting(3);
    await post(first);
    await second.reconciler.tick();
    expect([await gauge(second), await gauge(second, 'even')]).toEqual([2, 1]);
    first.compare = reporting(0);
    await post(first);
    await second.reconciler.tick();
    expect([await gauge(second), await gauge(second, 'even')]).toEqual([0, 0]);
  });
});
