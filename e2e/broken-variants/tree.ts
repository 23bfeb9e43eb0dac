/** A copy of the source tree that runs its own files, not those of the original. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(__dirname, '../..');
const ownPackages = '@shop';

/** Copies the source files into a folder, with links to the installed packages. */
export function copyTree(folder: string): void {
  for (const file of filesOfTree()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  linkPackages(folder);
}

/** The files that git tracks or would track; in an archive without .git, everything except generated files. */
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
 * Links installed packages one by one, and workspaces to those of the copy. Through the links of the original, or
 * through one link to the whole folder, Node would find the unpatched files.
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
    // Packages in other versions than the root's; none of them is a workspace.
    const ownInstalled = join(root, workspace, 'node_modules');
    if (existsSync(ownInstalled)) symlinkSync(ownInstalled, join(folder, workspace, 'node_modules'));
  }
}

/** Applies a patch to a copy, or reverts it; throws the error of git. */
export function applyPatch(folder: string, patch: string, ...options: '--reverse'[]): void {
  execFileSync('git', ['apply', '-C1', ...options, patch], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
    // If the temporary folder is inside another repository, git would look for the files at the root of that one.
    env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(realpathSync(folder)) },
  });
}

/** The files that a patch changes. */
export function filesOfPatch(text: string): string[] {
  return [...text.matchAll(/^\+\+\+ b\/(.+)$/gm)].map(([, file = '']) => file);
}
