/**
 * Builds the pages when their sources have changed. The folder of a bundle is named after the hash of its sources and is moved into
 * place when it is complete, so that systems that start at the same time neither break nor wait for each other.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const here = import.meta.dirname;
const root = join(here, '..');
const bundles = join(here, 'dist');

/** Everything that has an effect on the bundle. Versions of packages are exact, and those of their own dependencies rarely matter. */
const sources = [
  'web/{console,shared}/**/*.{ts,tsx,css,html,svg}',
  'web/{bundle,vite.config}.ts',
  'web/package.json',
  'clients/typescript/src/*.ts',
];

/** The folder of the bundle of the current sources, whether or not it has been built. */
export function bundleFolder(): string {
  const hash = createHash('sha256');
  const paths = sources
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((path) => !path.includes('.test.'));
  for (const path of paths.sort()) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return join(bundles, hash.digest('hex').slice(0, 16));
}

/** Whether this bundle has been built. */
export function hasBundle(folder: string): boolean {
  return existsSync(join(folder, 'index.html'));
}

/** Builds the bundle into its folder, unless it is there. */
export async function ensureBundle(folder = bundleFolder()): Promise<void> {
  if (hasBundle(folder)) return;
  mkdirSync(bundles, { recursive: true });
  const work = mkdtempSync(join(bundles, 'building-'));
  try {
    await buildInto(work);
    // Another build of the same sources may have been faster.
    if (!hasBundle(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  forgetOldBundles(folder);
}

/** Builds the bundle into an empty folder, with compressed copies of its files, which the server prefers. */
export async function buildInto(folder: string): Promise<void> {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  // Vite allows one build at a time of a project, but each of ours has its own folder.
  const args = [vite, 'build', '--bypass-lock', '--logLevel', 'warn', '--emptyOutDir', '--outDir', folder];
  const child = spawn(process.execPath, args, {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Under jest it is `test`, with which React is built for development.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the pages could not be built (code ${code}):\n${Buffer.concat(output)}`);
  for (const path of globSync('**/*.{js,css,html,svg}', { cwd: folder })) {
    const text = readFileSync(join(folder, path));
    writeFileSync(join(folder, `${path}.br`), brotliCompressSync(text));
    writeFileSync(join(folder, `${path}.gz`), gzipSync(text, { level: 9 }));
  }
}

// A system that still runs may serve an older bundle, so it stays for a day.
const KEPT_MS = 24 * 3_600_000;

function forgetOldBundles(current: string): void {
  for (const name of readdirSync(bundles)) {
    const folder = join(bundles, name);
    if (folder === current || statSync(folder).mtimeMs > Date.now() - KEPT_MS) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}
