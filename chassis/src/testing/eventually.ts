import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Call `probe` until it neither throws nor returns undefined. After `withinMs`, its last failure is thrown. The default is long
 * enough for a busy machine and shorter than the timeout of a test.
 */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let failure: unknown = new Error(`nothing came within ${withinMs} ms`);
    try {
      const result = await probe();
      if (result !== undefined) return result;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure;
    await sleep(20);
  }
}
