import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '../services.ts';
import { jsonList } from './regions.ts';

/** The Dockerfile of a service, from the template of all of them. */
export function dockerfileOf({ folder }: Service, root: string): string {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const workspaces = globSync(JSON.parse(read('package.json')).workspaces as string[], { cwd: root });
  const copies = workspaces.sort().map((workspace) => `COPY ${workspace}/package.json ${workspace}/`);
  const start: string = JSON.parse(read(`${folder}/package.json`)).scripts.start;
  return read('registry/service.Dockerfile')
    .replaceAll('{{service}}', folder)
    .replace('{{workspaces}}', copies.join('\n'))
    .replace('{{command}}', jsonList(start.replace('src/', `${folder}/src/`).split(' ')));
}
