import type { Database } from '../postgres/connections.ts';
import type { Logger } from '../telemetry.ts';
import { throttled } from '../throttled.ts';
import type { KeyName } from './keyed-request.ts';
import { addReplays } from './keys.sql.ts';

// The count is informational, so a delay of a second is acceptable. A write per replay would make the cheapest response the
// most expensive one.
const FLUSH_INTERVAL_MS = 500;
// Enough for several seconds of replays only. If the database is unavailable for longer, counts of further keys are lost.
const MAX_KEYS = 10_000;
const LOGGED_EVERY_MS = 10_000;

/** Counts replays per key, and adds the counts to the keys' rows in the background. */
export interface ReplayCounter {
  count(name: KeyName): void;
  /** Write the remaining counts and stop. */
  stop(): Promise<void>;
}

/** Start counting. Counts that cannot be written are kept for the next attempt. */
export function startReplayCounter(pool: Database, log: Logger): ReplayCounter {
  const logFailure = throttled(LOGGED_EVERY_MS, (others, error: unknown) =>
    log.warn({ err: error, others }, 'could not write replay counts; retrying'),
  );
  let counted = new Map<string, KeyName & { replays: number }>();

  function add(name: KeyName, replays: number): void {
    const id = `${name.clientId}\n${name.key}`;
    const known = counted.get(id);
    if (known) known.replays += replays;
    else if (counted.size < MAX_KEYS) counted.set(id, { ...name, replays });
  }

  async function flush(): Promise<void> {
    if (counted.size === 0) return;
    const batch = [...counted.values()];
    counted = new Map();
    try {
      await addReplays(pool, batch);
    } catch (error) {
      logFailure(error);
      for (const entry of batch) add(entry, entry.replays);
    }
  }

  let flushing = Promise.resolve();
  const timer = setInterval(() => {
    flushing = flushing.then(flush);
  }, FLUSH_INTERVAL_MS);
  timer.unref();

  return {
    count: (name) => add(name, 1),
    async stop() {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
