import type { Database } from '../postgres/connections.ts';
import type { Logger } from '../telemetry.ts';
import { throttled } from '../throttled.ts';
import type { KeyName } from './keyed-request.ts';

// Replays are told to a person, not to a program: a count that is a second old is good enough, and a write for each
// replay would make the cheapest answer of the system its dearest.
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
    log.warn({ err: error, others }, 'replays could not be counted yet'),
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

async function addReplays(pool: Database, batch: readonly (KeyName & { replays: number })[]): Promise<void> {
  // Locked in the order of the keys, as every statement on this table does it; SKIP LOCKED would lose counts.
  const sorted = batch.toSorted((a, b) => compare(a.clientId, b.clientId) || compare(a.key, b.key));
  await pool.query(
    /* sql */ `
    UPDATE idempotency_keys k SET replays = k.replays + i.replays, replayed_at = now()
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, replays)
    -- Arrays of one: by two equalities a plan from when the keys were few would go through all of them, by their index.
    WHERE k.client_id = ANY (ARRAY[i.client_id]) AND k.key = ANY (ARRAY[i.key])`,
    [sorted.map((entry) => entry.clientId), sorted.map((entry) => entry.key), sorted.map((entry) => entry.replays)],
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
