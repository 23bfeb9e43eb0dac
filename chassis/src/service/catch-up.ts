import type { Pool } from '../base/db/pool.ts';
import { startLoop } from '../base/loop.ts';
import type { Logger } from '../base/telemetry/log.ts';
import { findMissed, noteCaughtUp } from '../reliable/catch-up/catch-up.sql.ts';
import type { Broker } from '../reliable/messaging/connection.ts';
import { inTransaction } from '../reliable/postgres/transaction.ts';

/*
 * A subscription gets through its queue what is published while the queue is there and has room. The rest it reads from
 * the producer, as it is now:
 *
 *   new        -> caught up   its queue is there, and the producer was read after that
 *   caught up  -> behind      events were dropped: they are open dead letters with the reason `dropped`
 *   behind     -> caught up   the producer was read after they were found; they are discarded
 *
 * Events go on being handled meanwhile, so reading must not undo them: a thing is written where its version is newer. A
 * reading that fails, or whose process dies, is done again from its beginning. Two processes may read at the same time.
 */

export interface CatchUpOptions {
  /** Of the subscription; its dead letters are drained. */
  queue: string;
  pool: Pool;
  broker: Pick<Broker, 'name' | 'isConnected'>;
  now: () => Date;
  log: Logger;
  /** Read everything from the producer; return early when `stopping` is aborted. */
  readProducer: (stopping: AbortSignal) => Promise<void>;
  intervalMs?: number;
}

// The drainer takes a moment to write down what was dropped, and a reading may be long: later is not much worse.
const INTERVAL_MS = 5_000;

/** Keep a subscription complete for as long as the process lives. */
export function startCatchUp(options: CatchUpOptions): { stop(): Promise<void> } {
  const { queue, pool, broker, now, log, readProducer, intervalMs = INTERVAL_MS } = options;
  return startLoop({ name: `catch-up of ${queue}`, intervalMs, log }, async (stopping) => {
    // Connected, we have declared our queue: what is published from now on is in it.
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
