import { isUnavailable } from '../reliable/postgres/faults.ts';
import type { Logger } from './telemetry/log.ts';

export interface LoopOptions {
  name: string;
  intervalMs: number;
  log: Logger;
}

/**
 * Run `round` again and again, `intervalMs` after the last one ended. A round that fails is logged and the next one
 * comes all the same. The interval varies by a tenth, so that processes started together drift apart. A round that may
 * take long ends early once `stopping` is aborted.
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
      // A database that is away is the health check's to tell, once, and not every loop's, each second.
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
