import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '@shop/local/folders.ts';
import { type CpuProfile, renderTop, toTree } from './cpu-profile.ts';
import { renderFlameGraph } from './flame-graph.ts';

const TOP_FUNCTIONS = 25;

/** A new folder for the profiles of a run; unlike the data of the servers, it is kept. */
export function profileFolder(): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const folder = join(localFolder(), 'profiles', time);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Writes, for each process, the profile for other tools, a flame graph and a table of functions. */
export function writeProfiles(folder: string, scenario: string, profiles: ReadonlyMap<string, CpuProfile>): void {
  for (const [name, profile] of profiles) {
    const path = join(folder, `${scenario}-${name}`);
    const tree = toTree(profile);
    writeFileSync(`${path}.cpuprofile`, JSON.stringify(profile));
    writeFileSync(`${path}.svg`, renderFlameGraph(tree, `${name}, ${scenario}`));
    writeFileSync(`${path}.txt`, renderTop(tree, TOP_FUNCTIONS));
  }
}
