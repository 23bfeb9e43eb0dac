import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';

/** Run a script of this folder as an operator does, with only this environment. */
export function startScript(name: string, args: string[], env: Record<string, string>, before: string[] = []) {
  const [command = '', ...rest] = [...before, join(__dirname, '..', name), ...args];
  // A separate process group, so that a test can kill it with its child processes.
  return startProgram(command, rest, { env, detached: true });
}
