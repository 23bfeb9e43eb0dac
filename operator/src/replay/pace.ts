/**
 * Start times at most `rate` a second apart (no rate: at once): given the time now, the time to start at. After a pause
 * the pace goes on as before and does not catch up, so that an outage is not followed by a burst of our making.
 */
export function makePace(rate: number | undefined): (now: number) => number {
  const interval = rate === undefined ? 0 : 1000 / rate;
  let next: number | undefined;
  return (now) => {
    const start = Math.max(now, next ?? now);
    // One interval may be made up for: timers are late by a millisecond, and the pace would drift.
    next = Math.max(next ?? now, now - interval) + interval;
    return start;
  };
}

/** Lets at most `limit` pieces of work run at a time; the others wait in line. */
export function limitConcurrency(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Handed over directly, so that nobody who comes later gets in between.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** `count` workers that take the items in order. */
export async function eachConcurrently<T>(items: T[], count: number, work: (item: T) => Promise<void>): Promise<void> {
  const line = items.values();
  const worker = async () => {
    for (const item of line) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
