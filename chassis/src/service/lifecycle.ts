import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../base/telemetry/log.ts';

// Docker kills a container 10 s after SIGTERM by default. Work that is not finished by then is finished by other processes.
const SHUTDOWN_LIMIT_MS = 10_000;

export type Phase = 'starting' | 'ready' | 'draining';

/** The phase of a process, which readiness reports to the gateway. */
export interface Lifecycle {
  phase(): Phase;
  enter(phase: Phase): void;
  /** Aborted when the process begins to drain, for responses that would not end by themselves. */
  readonly draining: AbortSignal;
}

/** A lifecycle that begins with `starting`. */
export function createLifecycle(): Lifecycle {
  let current: Phase = 'starting';
  const draining = new AbortController();
  return {
    phase: () => current,
    enter: (phase) => {
      current = phase;
      if (phase === 'draining') draining.abort();
    },
    draining: draining.signal,
  };
}

export interface ShutdownStep {
  name: string;
  run: () => Promise<unknown>;
}

/**
 * On SIGTERM, continue for `drainSeconds` in the phase `draining`, so that a gateway that checks readiness sends requests
 * elsewhere. SIGINT, with which a terminal or `npm run local -- down` stops the whole system, skips this wait. Then run the
 * steps in order (stop accepting, finish running work, drain, close) and exit with 0; after the time limit, exit with 1. A
 * failed step does not prevent the next ones. A second signal exits immediately.
 */
export function drainOnSignal(
  lifecycle: Lifecycle,
  log: Logger,
  drainSeconds: number,
  steps: readonly ShutdownStep[],
): void {
  let draining = false;
  async function drain(signal: NodeJS.Signals): Promise<void> {
    if (draining) process.exit(1);
    draining = true;
    lifecycle.enter('draining');
    log.info({ signal }, 'draining');
    if (signal === 'SIGTERM') await sleep(drainSeconds * 1_000);
    setTimeout(() => {
      log.error('draining timed out');
      process.exit(1);
    }, SHUTDOWN_LIMIT_MS).unref();
    for (const step of steps) {
      await step.run().catch((error: unknown) => log.error({ err: error, step: step.name }, 'shutdown step failed'));
    }
    log.info('stopped');
    process.exit(0);
  }
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
}
