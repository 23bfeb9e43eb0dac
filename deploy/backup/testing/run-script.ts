import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';

/** A script of this folder, run as an operator runs it, with nothing but this environment. */
export function startScript(name: string, args: string[], env: Record<string, string>, before: string[] = []) {
  const [command = '', ...rest] = [...before, join(__dirname, '..', name), ...args];
  // A group of its own, so that a test can kill it with all that it started.
  return startProgram(command, rest, { env, detached: true });
}
