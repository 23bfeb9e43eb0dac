/**
 * Spreads starts so that there are at most `rate` per second (no rate: immediately): given the current time, returns the
 * start time. After a pause the pace continues without catching up, so that an outage is not followed by a burst.
 */
export function makePace(rate: number | undefined): (now: number) => number {
  const interval = rate === undefined ? 0 : 1000 / rate;
  let next: number | undefined;
  return (now) => {
    const start = Math.max(now, next ?? now);
    // One interval may be caught up: timers are up to a millisecond late, and the pace would drift.
    next = Math.max(next ?? now, now - interval) + interval;
    return start;
  };
}

/** Runs at most `limit` tasks at a time; the others wait in a queue. */
export function limitConcurrency(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot is handed over directly, so that no later task gets it first.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** Processes the items in order with `count` workers. */
export async function eachConcurrently<T>(items: T[], count: number, work: (item: T) => Promise<void>): Promise<void> {
  const line = items.values();
  const worker = async () => {
    for (const item of line) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
