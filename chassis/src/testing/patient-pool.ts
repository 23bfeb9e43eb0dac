import { createPool, type Pool, type PoolOptions } from '../base/db/pool.ts';
import { createLogger } from '../base/telemetry/log.ts';

/**
 * A service's pool, but with limits for a server that hangs: on a busy machine those of a service say nothing of the code.
 * For a row it waits as long as a service does, which many a test is about.
 */
export function patientPool(connectionString: PoolOptions['connectionString'], max = 10, lockMs = 1_000): Pool {
  const limits = { connectMs: 60_000, lockMs, statementMs: 60_000, queryMs: 60_300 };
  return createPool({ connectionString, applicationName: 'test', max, limits }, createLogger('test', 'silent'));
}
