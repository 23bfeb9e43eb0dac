import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../base/telemetry/log.ts';

// Docker and Kubernetes kill 10 s after SIGTERM by default; what is not finished by then is finished by other processes.
const SHUTDOWN_LIMIT_MS = 10_000;

export type Phase = 'starting' | 'ready' | 'draining';

/** Where a process stands; readiness tells the gateway. */
export interface Lifecycle {
  phase(): Phase;
  enter(phase: Phase): void;
}

/** A lifecycle that begins with `starting`. */
export function createLifecycle(): Lifecycle {
  let current: Phase = 'starting';
  return {
    phase: () => current,
    enter: (phase) => {
      current = phase;
    },
  };
}

export interface ShutdownStep {
  name: string;
  run: () => Promise<unknown>;
}

/**
 * On SIGTERM go on for `drainSeconds` as draining, so that a gateway that asks for readiness sends requests elsewhere;
 * SIGINT, by which a terminal or `npm run local -- down` ends the whole system, skips that wait. Then take the steps in
 * their order (stop accepting, finish what runs, drain, close) and exit 0; after the limit, exit 1. A step that fails does
 * not keep the next ones from running. A second signal ends at once.
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
