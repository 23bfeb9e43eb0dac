/** What to do about rows that another transaction keeps locked. */
export type Locked = 'passed-over' | 'awaited';

/**
 * A condition that is always true, for statements that lock stock levels. It sets the transaction's idle timeout to 2 s instead
 * of the pool's 10 s: a process that freezes between two statements holds its row locks until the server ends its session, and
 * meanwhile orders for these products cannot be decided. The relay, which waits for the broker in its transaction, keeps 10 s.
 * It is a condition because a separate statement would be one more round trip under the locks.
 */
export const HOLDS_ROWS_BRIEFLY = /* sql */ `
  (SELECT set_config('idle_in_transaction_session_timeout', '2s', true)) IS NOT NULL`;
