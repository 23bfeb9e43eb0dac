import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { otherTraceId } from '@shop/chassis/base/telemetry/tracing.ts';
import type { ReplayedLetter } from '@shop/chassis/operations/dead-letters/resolve-letters.ts';
import type { ActionBy } from '@shop/chassis/reliable/dead-letters/dead-letters.sql.ts';

/**
 * Add an entry `queued` to the timeline of an order when a dead-lettered reply to it is replayed. Letters without a known order
 * are ignored.
 */
export async function noteReplays(trx: Transaction, letters: readonly ReplayedLetter[], by: ActionBy): Promise<void> {
  const ofOrders = letters.filter(({ subjectId }) => subjectId !== undefined);
  await trx.query(
    /* sql */ `
    INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, trace_id, detail)
    SELECT o.id, 'queued', $3, $4, $5, $6, l.detail::jsonb
    FROM unnest($1::uuid[], $2::text[]) AS l (order_id, detail) JOIN orders o ON o.id = l.order_id
    WHERE o.id = ANY($1::uuid[])`,
    [
      ofOrders.map(({ subjectId }) => subjectId),
      ofOrders.map(({ id, type, reason }) => JSON.stringify({ deadLetter: id, message: type, reason })),
      by.at,
      by.actor,
      by.correlationId,
      otherTraceId(by.traceparent, by.correlationId),
    ],
  );
}
