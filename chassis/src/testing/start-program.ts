import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program has written: each output, and both as they came. */
export interface Written {
  stdout: string;
  stderr: string;
  output: string;
}

/** `code` is null after a signal. */
export type Ended = Written & { code: number | null };

/** Start a program without input. `ended` rejects only if it cannot be started. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): { child: ChildProcess; written: Readonly<Written>; ended: Promise<Ended> } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const written: Written = { stdout: '', stderr: '', output: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
      written.output += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]): Ended => ({ ...written, code }));
  return { child, written, ended };
}
