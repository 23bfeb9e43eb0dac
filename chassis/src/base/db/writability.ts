/**
 * Checks whether the database accepts writes. A standby, or a server with a full disk, still answers reads, and a write for each
 * check would be too expensive. So a check is a read, until a write has failed:
 *
 *   writing -> failed    a statement failed because of a lack of space or memory, an I/O error, or a read-only database
 *   failed  -> writing   a trial write succeeds; each check makes one
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { DatabaseFault } from '../../reliable/postgres/faults.ts';
import { throttled } from '../../reliable/throttled.ts';
import type { Logger } from '../telemetry/log.ts';

export interface Writability {
  /** Whether the database is reachable and accepts writes. Concurrent calls share one check. */
  takesWrites(): Promise<boolean>;
}

const LOGGED_EVERY_MS = 10_000;
// Several pages of incompressible text, because a smaller row may fit into an existing page.
const TRIAL_BYTES = 64 * 1024;

/** Watch the statements of a pool. `failed` must be called for each failed statement. */
export function watchWrites(
  pool: pg.Pool,
  log: Logger,
): Writability & { failed(error: unknown, fault: DatabaseFault): void } {
  let failing = false;
  let asking: Promise<boolean> | undefined;
  const logFailure = throttled(LOGGED_EVERY_MS, (others, error: unknown, meaning: string) =>
    log.error({ err: error, meaning, others }, 'database does not accept writes'),
  );

  function failed(error: unknown, { health, meaning }: DatabaseFault): void {
    if (health !== 'failed write') return;
    if (!failing) logFailure(error, meaning);
    failing = true;
  }

  async function ask(): Promise<boolean> {
    try {
      const { rows } = await pool.query("SELECT current_setting('transaction_read_only') AS read_only");
      // If the database is read-only, the error of the trial write also retires this session.
      if (failing || rows[0]?.read_only === 'on') await tryWrite(pool);
    } catch {
      return false;
    }
    if (failing) log.info('database accepts writes again');
    failing = false;
    return true;
  }

  return {
    failed,
    takesWrites() {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** Insert an outbox row, as every service does with each change, and roll back: no relay sees it. */
export async function tryWrite(pool: pg.Pool): Promise<void> {
  const trx = await pool.connect();
  let broken: Error | undefined;
  try {
    await trx.query('BEGIN');
    await trx.query(
      /* sql */ `
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, body)
      VALUES (gen_random_uuid(), '', '', false, $1)`,
      [randomBytes(TRIAL_BYTES / 2).toString('hex')],
    );
  } finally {
    await trx.query('ROLLBACK').catch((error: Error) => {
      broken = error;
    });
    trx.release(broken);
  }
}
