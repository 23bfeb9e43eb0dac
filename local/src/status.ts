import { styleText } from 'node:util';
import { portOf, urlOf } from './addresses.ts';
import type { PartState } from './control.ts';
import { partStatus } from './control.ts';
import type { System } from './parts.ts';
import { allPartNames, partOf } from './parts.ts';

export interface PartReport {
  part: string;
  state: PartState;
  /** Whether it responds now. */
  ready: boolean;
  port: number;
  pid?: number;
  since?: string;
  log: string;
}

/** The state of every part. */
export async function reportParts(system: System): Promise<PartReport[]> {
  return Promise.all(
    allPartNames(system.plan).map(async (name) => {
      const part = partOf(system, name);
      const { state, process, since } = partStatus(part);
      const alive = state === 'running' || state === 'paused' || state === 'stopping';
      return {
        part: name,
        state,
        ready: state === 'running' && (await part.answers()),
        port: portOf(system.plan, name),
        pid: alive ? process?.pid : undefined,
        since,
        log: part.log,
      };
    }),
  );
}

/** The reports as a table. */
export function statusTable(system: System, reports: PartReport[]): string {
  const rows = reports.map(({ part, state, ready, port, pid, since }) => {
    const shown = state === 'running' && !ready ? 'not ready' : state;
    const colour = ready ? 'green' : state === 'running' || state === 'paused' ? 'yellow' : 'red';
    return [
      part.padEnd(14),
      styleText(colour, shown.padEnd(12)),
      String(pid ?? '').padEnd(9),
      String(port).padEnd(7),
      since ? `since ${since.slice(0, 19).replace('T', ' ')}` : '',
    ].join(' ');
  });
  const header = `${'part'.padEnd(14)} ${'state'.padEnd(12)} ${'pid'.padEnd(9)} ${'port'.padEnd(7)}`;
  return [
    styleText('bold', header),
    ...rows,
    '',
    `Gateway ${urlOf(system.plan, 'gateway')}, logs ${system.folder}/logs`,
  ].join('\n');
}
