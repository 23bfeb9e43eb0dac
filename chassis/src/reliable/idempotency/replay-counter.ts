import type { Database } from '../postgres/connections.ts';
import type { Logger } from '../telemetry.ts';
import { throttled } from '../throttled.ts';
import type { KeyName } from './keyed-request.ts';
import { addReplays } from './keys.sql.ts';

// The count is for people, not for programs: one that is a second old is good enough, and a write for each replay would
// make the cheapest answer of the system the most expensive one.
const FLUSH_INTERVAL_MS = 500;
// Several seconds of nothing but replays. If the database takes no counts for longer, those of further keys are lost.
const MAX_KEYS = 10_000;
const LOGGED_EVERY_MS = 10_000;

/** Counts how often a key's answer was given again, and adds it to the key's row in the background. */
export interface ReplayCounter {
  count(name: KeyName): void;
  /** Write what is counted and end the timer. */
  stop(): Promise<void>;
}

/** Start counting. What could not be written is kept for the next time. */
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
