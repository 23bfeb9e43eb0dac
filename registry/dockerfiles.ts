import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonList } from './regions.ts';

/** The Dockerfile of a service, from the template of all of them. */
export function dockerfileOf(folder: string, root: string): string {
  const start = startOf(folder, root).replace('src/', `${folder}/src/`);
  return withWorkspaces(read('registry/service.Dockerfile', root), root)
    .replaceAll('{{service}}', folder)
    .replace('{{command}}', jsonList(start.split(' ')));
}

/** The Dockerfile of the pages and their server. */
export function pagesDockerfile(root: string): string {
  const start = startOf('web/server', root).replace('src/', 'web/server/src/');
  return withWorkspaces(read('registry/pages.Dockerfile', root), root).replace(
    '{{command}}',
    jsonList(start.split(' ')),
  );
}

/** npm needs the package.json of every workspace. */
function withWorkspaces(template: string, root: string): string {
  const workspaces = globSync(JSON.parse(read('package.json', root)).workspaces as string[], { cwd: root });
  const copies = workspaces.sort().map((workspace) => `COPY ${workspace}/package.json ${workspace}/`);
  return template.replaceAll('{{workspaces}}', copies.join('\n'));
}

function startOf(workspace: string, root: string): string {
  return JSON.parse(read(`${workspace}/package.json`, root)).scripts.start;
}

function read(path: string, root: string): string {
  return readFileSync(join(root, path), 'utf8');
}
