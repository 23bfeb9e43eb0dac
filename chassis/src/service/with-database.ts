import { createPool, type Pool } from '../base/db/pool.ts';
import { createLogger } from '../base/telemetry/log.ts';

/** Run a command on the database of a service, by a connection of its own. */
export async function withDatabase<T>(service: string, url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  // What fails is thrown, and shown by the command.
  const log = createLogger(service, 'silent');
  const pool = createPool({ connectionString: url, applicationName: `${service} command`, max: 1 }, log);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
