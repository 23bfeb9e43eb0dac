import { partStatus } from './control.ts';
import { tailOf } from './log-tail.ts';
import type { System } from './parts.ts';
import { allPartNames, partOf } from './parts.ts';
import { howItEnded } from './processes.ts';
import { killSystem, stopSystem } from './stop-system.ts';

// A Ctrl-C arrives from the terminal and again through npm; a person needs longer to press it twice.
const sameKeystroke = 700;

/**
 * Resolves to the exit code when a signal has ended the system: the first one stops it in good order, a second one
 * kills it. `interrupted` tells a start that is still under way.
 */
export function stoppedBySignal(system: System, interrupted: AbortController): Promise<number> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const end = async () => {
      console.error('\nStopping everything (Ctrl-C again kills it) …');
      interrupted.abort();
      await stopSystem(system);
      console.error('Everything is stopped. The data is kept for the next start.');
      resolve(0);
    };
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        void end();
      } else if (performance.now() - firstAt > sameKeystroke) {
        killSystem(system);
        process.exit(130);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/**
 * Reports parts that end by themselves. They are not restarted: whoever tests a crash wants to see it, and whoever met
 * a bug wants its log.
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
        `\n${name} has ended by itself${how ? ` (${how})` : ''}. The end of ${part.log}:\n${tailOf(part.log)}\n` +
          `It is not restarted; do it with "npm run local -- start ${name}".`,
      );
    }
  }, 1_000);
}
