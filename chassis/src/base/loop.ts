import { isUnavailable } from '../reliable/postgres/faults.ts';
import type { Logger } from './telemetry/log.ts';

export interface LoopOptions {
  name: string;
  intervalMs: number;
  log: Logger;
}

/**
 * Run `round` repeatedly, `intervalMs` after the previous one ended. A failed round is logged, and the next one runs anyway. The
 * interval varies by 10 %, so that processes started together spread out. A round that may take long should return early once
 * `stopping` is aborted.
 */
export function startLoop(
  options: LoopOptions,
  round: (stopping: AbortSignal) => Promise<void>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  async function guarded(): Promise<void> {
    try {
      await round(stopping.signal);
    } catch (error) {
      // An unavailable database is reported by the health check; logging it in every round of every loop would only repeat
      // it.
      if (isUnavailable(error)) options.log.debug({ err: error, loop: options.name }, 'background task failed');
      else options.log.error({ err: error, loop: options.name }, 'background task failed');
    }
    schedule();
  }

  function schedule(): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(
      () => {
        running = guarded();
      },
      options.intervalMs * (0.95 + Math.random() * 0.1),
    );
  }

  schedule();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
