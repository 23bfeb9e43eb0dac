import { setTimeout as sleep } from 'node:timers/promises';
import type { Question } from './service-target.ts';
import type { ServiceTargets } from './service-targets.ts';

// What is read in pages is read in milliseconds. A process that does not respond within this time is unavailable or overloaded.
const TIMEOUT_MS = 5_000;
// The time of a process restart.
const GIVE_UP_AFTER_MS = 15_000;
const PAUSE_MS = 500;

/**
 * Read something for background work that would have to start again if it gave up: it waits longer than a request, retries with
 * another process, and throws the last error only after the time of a process restart.
 */
export async function readPatiently<T>(
  targets: Pick<ServiceTargets, 'read'>,
  question: Omit<Question<T>, 'timeoutMs' | 'signal'>,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const tried = new Set<unknown>();
  const began = performance.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await targets.read({ ...question, timeoutMs, signal }, tried);
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() - began >= GIVE_UP_AFTER_MS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
