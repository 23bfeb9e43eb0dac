import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The repository's root, searched upwards from the working directory, so that it works in subfolders. */
export function repositoryRoot(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'commands', 'bootstrap.mjs'))) {
    if (folder === dirname(folder)) throw new Error(`${process.cwd()} is not inside this repository`);
    folder = dirname(folder);
  }
  return folder;
}

/** The folder of a system's state, secrets, data and logs; LOCAL_DIR lets several systems run side by side. */
export function localFolder(): string {
  const folder = resolve(repositoryRoot(), process.env.LOCAL_DIR || '.local');
  for (const name of ['data', 'logs', 'parts']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  return folder;
}
