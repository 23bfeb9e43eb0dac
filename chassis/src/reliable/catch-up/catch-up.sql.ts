import { type ActionBy, discardLetter } from '../dead-letters/dead-letters.sql.ts';
import { DROPPED } from '../dead-letters/read-letter.ts';
import type { Queryable, Transaction } from '../postgres/connections.ts';

/** What a subscription has missed. */
export interface Missed {
  /** Whether it has missed everything published before its queue existed. */
  beginning: boolean;
  /** Dead letters of events dropped because the queue was full. More may have been dropped. */
  dropped: readonly string[];
}

/** Find what this queue has missed since it last caught up. */
export async function findMissed(q: Queryable, queue: string): Promise<Missed> {
  const { rows } = await q.query<Missed>(
    /* sql */ `
    SELECT NOT EXISTS (SELECT FROM catch_ups WHERE queue = $1) AS beginning,
      ARRAY(
        SELECT id::text FROM dead_letters WHERE status = 'open' AND queue = $1 AND reason = $2 ORDER BY id
      ) AS dropped`,
    [queue, DROPPED],
  );
  return rows[0] ?? { beginning: true, dropped: [] };
}

/** Record that events have been read from the producer since `missed` was found. */
export async function noteCaughtUp(trx: Transaction, queue: string, missed: Missed, by: ActionBy): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO catch_ups (queue) VALUES ($1)
    ON CONFLICT ON CONSTRAINT catch_ups_pkey DO UPDATE SET caught_up_at = now()`,
    [queue],
  );
  for (const id of missed.dropped) await discardLetter(trx, id, 'read from the producer', by);
}
