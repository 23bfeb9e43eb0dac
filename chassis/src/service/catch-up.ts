import type { Pool } from '../base/db/pool.ts';
import { startLoop } from '../base/loop.ts';
import type { Logger } from '../base/telemetry/log.ts';
import { findMissed, noteCaughtUp } from '../reliable/catch-up/catch-up.sql.ts';
import type { Broker } from '../reliable/messaging/connection.ts';
import { inTransaction } from '../reliable/postgres/transaction.ts';

/*
 * A subscription gets the events that are published while its queue exists and is not full. Instead of the others, it reads the
 * current state from the producer:
 *
 *   new        -> caught up   the queue exists, and the producer was read after that
 *   caught up  -> behind      events were dropped: they are open dead letters with the reason `dropped`
 *   behind     -> caught up   the producer was read after they were found; they are discarded
 *
 * Events are handled meanwhile, so reading must not overwrite newer data: a record is written only if its version is newer. A
 * read that fails, or whose process crashes, starts again from the beginning. Two processes may read at the same time.
 */

export interface CatchUpOptions {
  /** The queue of the subscription; its dead letters must be drained. */
  queue: string;
  pool: Pool;
  broker: Pick<Broker, 'name' | 'isConnected'>;
  now: () => Date;
  log: Logger;
  /** Read everything from the producer; return early when `stopping` is aborted. */
  readProducer: (stopping: AbortSignal) => Promise<void>;
  intervalMs?: number;
}

// Not shorter, because the drainer needs a moment to store dropped events, and reading may take long anyway.
const INTERVAL_MS = 5_000;

/** Catch up a subscription whenever it has missed events, until stopped. */
export function startCatchUp(options: CatchUpOptions): { stop(): Promise<void> } {
  const { queue, pool, broker, now, log, readProducer, intervalMs = INTERVAL_MS } = options;
  return startLoop({ name: `catch-up of ${queue}`, intervalMs, log }, async (stopping) => {
    // The queue is declared at each connect, so it gets everything that is published from now on.
    if (!broker.isConnected()) return;
    const missed = await findMissed(pool, queue);
    if (!missed.beginning && missed.dropped.length === 0) return;
    const about = { queue, beginning: missed.beginning, dropped: missed.dropped.length };
    log.warn(about, 'catching up: reading missed events from the producer');
    try {
      await readProducer(stopping);
    } catch (error) {
      log.warn({ ...about, err: error }, 'could not read events from the producer; retrying');
      return;
    }
    if (stopping.aborted) return;
    const by = { actor: broker.name, correlationId: `catch-up of ${queue}`, at: now() };
    await inTransaction(pool, (trx) => noteCaughtUp(trx, queue, missed, by));
    log.info(about, 'caught up with the producer');
  });
}
