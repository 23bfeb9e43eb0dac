/**
 * Call `write` at most once per `everyMs`, with the number of calls skipped since the last (`others`), so that an outage does
 * not produce thousands of log lines.
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
