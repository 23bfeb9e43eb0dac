/** A copy of the source tree in which the copy's own files run, and not those that it was copied from. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(__dirname, '../..');
const ownPackages = '@shop';

/** Copies the files of the tree into a folder, with links to the installed packages. */
export function copyTree(folder: string): void {
  for (const file of filesOfTree()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  linkPackages(folder);
}

/** What git would keep; without its data (an archive of the sources), everything but what is made here. */
function filesOfTree(): string[] {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  return globSync('**', { cwd: root, withFileTypes: true, exclude: ({ name }) => made.includes(name) })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const made = ['node_modules', '.local', '.git', 'coverage'];

/**
 * The packages from the registry are linked one by one. The link to a workspace leads to the copy's own: through the
 * original's, or through one link to the whole folder, Node would find the files that are not patched.
 */
function linkPackages(folder: string): void {
  const installed = join(root, 'node_modules');
  mkdirSync(join(folder, 'node_modules', ownPackages), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (name !== ownPackages) symlinkSync(join(installed, name), join(folder, 'node_modules', name));
  }
  for (const name of readdirSync(join(installed, ownPackages))) {
    const workspace = relative(realpathSync(root), realpathSync(join(installed, ownPackages, name)));
    symlinkSync(join(folder, workspace), join(folder, 'node_modules', ownPackages, name));
    // Other versions of packages than the root's; none of these is a workspace.
    const ownInstalled = join(root, workspace, 'node_modules');
    if (existsSync(ownInstalled)) symlinkSync(ownInstalled, join(folder, workspace, 'node_modules'));
  }
}

/** Applies a patch to a copy, or reverts it; throws git's error. */
export function applyPatch(folder: string, patch: string, ...options: '--reverse'[]): void {
  execFileSync('git', ['apply', '-C1', ...options, patch], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
    // In a temporary folder inside some other repository, git would look for the files at that one's root.
    env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(realpathSync(folder)) },
  });
}

/** The files that a patch changes. */
export function filesOfPatch(text: string): string[] {
  return [...text.matchAll(/^\+\+\+ b\/(.+)$/gm)].map(([, file = '']) => file);
}
