/**
 * Whether the database takes writes. A standby or a full disk answers every read, so a read says nothing of it, and a write
 * for each question would cost more than it tells. So the question is a read, until a write has failed:
 *
 *   writing -> failed    a statement failed for want of space, memory, a working disk or a database that is no standby
 *   failed  -> writing   a write on trial succeeds; it is made when somebody asks
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { DatabaseFault } from '../../reliable/postgres/faults.ts';
import { throttled } from '../../reliable/throttled.ts';
import type { Logger } from '../telemetry/log.ts';

export interface Writability {
  /** Whether the database can be reached and takes writes. Those who ask while it is found out get the same answer. */
  takesWrites(): Promise<boolean>;
}

const LOGGED_EVERY_MS = 10_000;
// Several pages, as text that does not compress: a smaller row may find its place in a page that exists.
const TRIAL_BYTES = 64 * 1024;

/** Watch the statements of a pool: `failed` is to be called for each that failed. */
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
      // Its session is one of those that have to leave: the failure that this trial meets sees to it.
      if (failing || rows[0]?.read_only === 'on') await writeOnTrial(pool);
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

/** What every service writes with each change, and takes back: no relay ever sees it. */
export async function writeOnTrial(pool: pg.Pool): Promise<void> {
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
