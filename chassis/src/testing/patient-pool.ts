import { createPool, type Pool, type PoolOptions } from '../base/db/pool.ts';
import { createLogger } from '../base/telemetry/log.ts';

/**
 * The pool of a service with longer timeouts, because on a busy machine the timeouts of a service would fail correct code. The
 * lock timeout is the same, because many tests depend on it.
 */
export function patientPool(connectionString: PoolOptions['connectionString'], max = 10, lockMs = 1_000): Pool {
  const limits = { connectMs: 60_000, lockMs, statementMs: 60_000, queryMs: 60_300 };
  return createPool({ connectionString, applicationName: 'test', max, limits }, createLogger('test', 'silent'));
}
