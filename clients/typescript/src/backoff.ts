/** The first pause; long enough for a process that was replaced to be noticed, too short for a person. */
const FIRST_MS = 100;
/** The longest; a client that comes back every few seconds harms nobody. */
const LONGEST_MS = 5_000;

/**
 * How long to wait before the `count`-th repeat (1 = first): doubling, and at least what the server asks for. Between half
 * and all of it by chance, so that clients that failed together do not come back together; what the server asks for is
 * only ever exceeded.
 */
export function pauseBefore(count: number, retryAfterMs: number, random: () => number = Math.random): number {
  const pause = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS) * (0.5 + random() / 2);
  return Math.max(pause, retryAfterMs * (1 + random() / 10));
}
