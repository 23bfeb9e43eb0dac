import { partStatus } from './control.ts';
import { tailOf } from './log-tail.ts';
import type { System } from './parts.ts';
import { allPartNames, partOf } from './parts.ts';
import { howItEnded } from './processes.ts';
import { killSystem, stopSystem } from './stop-system.ts';

// One Ctrl-C arrives twice, from the terminal and through npm; a person needs longer to press it twice.
const SAME_KEYSTROKE_MS = 700;

/**
 * Resolves to the exit code when a signal has stopped the system: the first one stops it cleanly, the second one kills it.
 * `interrupted` aborts a start that is still running.
 */
export function stoppedBySignal(system: System, interrupted: AbortController): Promise<number> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const end = async () => {
      console.error('\nStopping all parts (press Ctrl-C again to kill them) …');
      interrupted.abort();
      await stopSystem(system);
      console.error('All parts are stopped. The data is kept for the next start.');
      resolve(0);
    };
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        void end();
      } else if (performance.now() - firstAt > SAME_KEYSTROKE_MS) {
        killSystem(system);
        process.exit(130);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/**
 * Reports parts that exit by themselves. They are not restarted, so that crashes stay visible and their logs are kept.
 */
export function reportCrashes(system: System): void {
  const reported = new Set<string>();
  setInterval(() => {
    for (const name of allPartNames(system.plan)) {
      const part = partOf(system, name);
      const { state, process } = partStatus(part);
      const life = `${name} ${process?.pid}`;
      if (state !== 'crashed' || process === undefined || reported.has(life)) continue;
      reported.add(life);
      const how = howItEnded(process);
      console.error(
        `\n${name} exited by itself${how ? ` (${how})` : ''}. The end of ${part.log}:\n${tailOf(part.log)}\n` +
          `It is not restarted automatically. To restart it: npm run local -- start ${name}`,
      );
    }
  }, 1_000);
}
