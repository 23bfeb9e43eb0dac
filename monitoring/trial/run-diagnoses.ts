import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '@shop/local/folders.ts';

const run = promisify(execFile);

/** Runs the commands of each runbook's diagnosis, line by line; returns those that fail. */
export async function runDiagnoses(folder: string, environment: Record<string, string>): Promise<string[]> {
  const failures: string[] = [];
  let count = 0;
  for (const file of globSync('runbooks/*.md', { cwd: folder }).sort()) {
    const [, commands = ''] = /## Diagnosis\n\n```sh\n([^`]*)```/.exec(readFileSync(join(folder, file), 'utf8')) ?? [];
    for (const command of commands.split('\n').filter(Boolean)) {
      count += 1;
      const options = { cwd: repositoryRoot(), env: { ...process.env, ...environment }, timeout: 60_000 };
      await run('bash', ['-ec', command], options).catch((error: Error & { stdout: string; stderr: string }) => {
        failures.push(`${file}: ${command}\n${error.stdout}${error.stderr}`);
      });
    }
  }
  console.log(`${count} commands of runbooks run`);
  return failures;
}
