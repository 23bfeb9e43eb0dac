import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { RefusedError } from '../../reliable/refusal.ts';
import { atEnd } from '../../testing/at-end.ts';
import { testServerUrl } from '../../testing/database.ts';
import { eventually } from '../../testing/eventually.ts';
import { patientPool } from '../../testing/patient-pool.ts';
import { createLogger } from '../telemetry/log.ts';
import { createPool, type Pool } from './pool.ts';
import { createRequestShare, type RequestShare } from './request-share.ts';

// Blocked statements wait for this lock of the test; jest's workers share one server.
const LOCK = 900_000 + Number(process.env.JEST_WORKER_ID ?? 0);
const BLOCKED = `SELECT pg_advisory_xact_lock_shared(${LOCK})`;

let pool: Pool;
let share: RequestShare;
let unblock: () => Promise<void>;
beforeEach(async () => {
  pool = patientPool(testServerUrl(), 4);
  atEnd(() => pool.end());
  share = createRequestShare({ pool, connections: 2, maxWaiting: 2, maxWaitMs: 400 });
  const holder = await pool.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
  unblock = async () => {
    unblock = async () => {};
    await holder.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    holder.release();
  };
  atEnd(() => unblock());
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof RefusedError ? error.refusal.code : String(error)),
  );

describe('the share of requests', () => {
  it('is bounded in length and in time, leaves the other connections alone, and recovers', async () => {
    const running = [codeOf(share.query(BLOCKED)), codeOf(inTransaction(share, (trx) => trx.query(BLOCKED)))];
    const waiting = [codeOf(share.query('SELECT 1')), codeOf(share.query('SELECT 1'))];
    expect(share.waitingCount).toBe(2);
    const refused = codeOf(share.query('SELECT 1'));
    expect(share.waitingCount).toBe(2); // the queue is full
    expect(await refused).toBe('overloaded');
    expect(await codeOf(pool.query('SELECT 1'))).toBe('done'); // batches, relay and consumers continue
    expect(await Promise.all(waiting)).toEqual(['overloaded', 'overloaded']); // timed out
    expect(share.waitingCount).toBe(0);
    await unblock();
    expect(await Promise.all(running)).toEqual(['done', 'done']);
    const after = Array.from({ length: 4 }, () => codeOf(share.query('SELECT 1')));
    expect(await Promise.all(after)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('serves those who wait in their order', async () => {
    const single = createRequestShare({ pool, connections: 1, maxWaiting: 2, maxWaitMs: 20_000 });
    const running = single.query(BLOCKED);
    const order: number[] = [];
    const waiting = [1, 2].map((n) => single.query('SELECT 1').then(() => order.push(n)));
    await unblock();
    await Promise.all([running, ...waiting]);
    expect(order).toEqual([1, 2]);
  });

  it('takes places back from statements and transactions that fail', async () => {
    for (let n = 0; n < 3; n += 1) {
      await expect(share.query('SELECT no_such_column')).rejects.toThrow('no_such_column');
      await expect(inTransaction(share, (trx) => trx.query('nonsense'))).rejects.toThrow('nonsense');
    }
    const unreachable = createPool(
      { connectionString: 'postgres://postgres@127.0.0.1:1/none', applicationName: 'test', max: 4 },
      createLogger('test', 'silent'),
    );
    atEnd(() => unreachable.end());
    const other = createRequestShare({ pool: unreachable, connections: 1, maxWaiting: 0, maxWaitMs: 400 });
    for (let n = 0; n < 3; n += 1) await expect(other.connect()).rejects.toThrow('ECONNREFUSED');
    expect(await eventually(() => codeOf(share.query('SELECT 1')))).toBe('done');
  });
});
