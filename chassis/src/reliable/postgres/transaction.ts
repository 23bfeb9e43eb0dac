import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections, Transaction } from '../postgres/connections.ts';

// PostgreSQL error codes, appendix A: only after these two can the same transaction be retried.
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const ATTEMPTS = 5;

/** The SQLSTATE of a PostgreSQL error; undefined for others. Node's error codes, such as EPIPE, contain no digit. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The name of the violated constraint; undefined for other errors. */
export function violatedConstraint(error: unknown): string | undefined {
  return sqlState(error)?.startsWith('23') ? (error as { constraint?: string }).constraint : undefined;
}

/** Retry `work` after a deadlock or a serialization failure, up to 5 attempts, with short random delays. */
export async function retryingDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const state = sqlState(error);
      const again = state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
      if (!again || attempt >= ATTEMPTS) throw error;
      await sleep(Math.random() * 10 * attempt);
    }
  }
}

/** Run `work` in a transaction, and roll back if it throws. Deadlocks and serialization failures are retried. */
export async function inTransaction<T>(pool: Connections, work: (trx: Transaction) => Promise<T>): Promise<T> {
  return retryingDeadlocks(() => transactionOnce(pool, work));
}

async function transactionOnce<T>(pool: Connections, work: (trx: Transaction) => Promise<T>): Promise<T> {
  const trx = await pool.connect();
  let broken: Error | undefined;
  try {
    await trx.query('BEGIN');
    const result = await work(trx);
    await trx.query('COMMIT');
    return result;
  } catch (error) {
    await trx.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    // A client that cannot roll back is in an unknown state, so the pool discards it.
    trx.release(broken);
  }
}
