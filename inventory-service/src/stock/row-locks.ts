/**
 * A condition that is always true, for a statement that locks stock levels: from then on the transaction may be idle for 2 s
 * instead of the 10 s of the pool. A process that freezes between two statements keeps its rows until the server ends its
 * session, and meanwhile orders for these products cannot be decided. The relay, which waits for the broker inside its
 * transaction, keeps the 10 s. It has no statement of its own, because that would be one more round trip under the locks.
 */
export const HOLDS_ROWS_BRIEFLY = /* sql */ `
  (SELECT set_config('idle_in_transaction_session_timeout', '2s', true)) IS NOT NULL`;
