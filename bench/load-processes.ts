import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Fault } from '@shop/chassis/base/fault.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { Job, Samples } from './client/job.ts';
import type { SideName } from './sides/side.ts';

export interface LoadProcesses {
  /** Runs a job for a side in its load process. */
  run(side: SideName, job: Job): Promise<Samples>;
  end(): Promise<void>;
}

/** The load processes: a single one for all sides with HTTP, so that they are measured by the same warm client. */
export function createLoadProcesses(interrupted: AbortSignal): LoadProcesses {
  const processes = new Map<string, ChildProcess>();

  function processOf(side: SideName): ChildProcess {
    const isLimit = side === 'limit-rows' || side === 'limit-sets';
    const name = isLimit ? side : 'clients';
    const known = processes.get(name);
    if (known) return known;
    const script = join(repositoryRoot(), 'bench', isLimit ? 'limit/writer.ts' : 'client/client.ts');
    const child = fork(script, isLimit ? [side.replace('limit-', '')] : []);
    processes.set(name, child);
    return child;
  }

  return {
    async run(side, job) {
      const child = processOf(side);
      const ended = new AbortController();
      const signal = AbortSignal.any([ended.signal, interrupted]);
      const died = once(child, 'exit', { signal }).then(([code]) => {
        throw new Fault(`The load process for ${side} exited with code ${code}.`);
      });
      const answered = once(child, 'message', { signal });
      child.send(job);
      try {
        const [samples] = (await Promise.race([answered, died])) as [Samples];
        return samples;
      } finally {
        ended.abort();
        await Promise.allSettled([answered, died]);
      }
    },
    async end() {
      await Promise.all(
        [...processes.values()]
          .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
          .map(async (child) => {
            const exit = once(child, 'exit');
            child.kill('SIGKILL');
            await exit;
          }),
      );
    },
  };
}
