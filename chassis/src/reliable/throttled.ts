/**
 * At most one call of `write` in `everyMs`, with the number of `others` that were left out since the last: thousands of
 * lines about one outage would only add to it.
 */
export function throttled<Args extends unknown[]>(
  everyMs: number,
  write: (others: number, ...args: Args) => void,
): (...args: Args) => void {
  let last = Number.NEGATIVE_INFINITY;
  let others = 0;
  return (...args) => {
    const now = performance.now();
    if (now - last < everyMs) {
      others += 1;
      return;
    }
    const leftOut = others;
    last = now;
    others = 0;
    write(leftOut, ...args);
  };
}
