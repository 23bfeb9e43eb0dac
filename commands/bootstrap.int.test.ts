/** What a first start does on a machine with an old Node: a small repository, with packages that are files. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';

const nodePackage = `node-${process.platform}-${process.arch}`;
// Those of npm scripts are on the path of this process, and of it alone.
const path = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
const old = path
  .map((folder) => join(folder, 'node'))
  .find((node) => existsSync(node) && Number(/^v(\d+)/.exec(run(node, ['--version']).stdout)?.[1]) < 24);

describeNeeding('a Node older than 24', old !== undefined, 'the first start on an old Node', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shop-bootstrap-'));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'commands'));
    for (const file of ['bootstrap.mjs', 'misplaced-options.mjs']) {
      cpSync(join(__dirname, file), join(folder, 'commands', file));
    }
    writeFileSync(join(folder, 'commands/cli.ts'), 'console.log(process.version, process.argv.slice(2).join());');
    // The pinned Node writes down what it is asked to run, and runs it on the Node of this test.
    const script = `#!/bin/sh\necho "$@" >> '${folder}/ran'\nexec '${process.execPath}' "$@"\n`;
    const packages = {
      [nodePackage]: pack(nodePackage, { version: '24.0.0', bin: { node: 'bin/node' } }, script),
      tool: pack('tool', { version: '1.0.0', engines: { node: '>=24' } }),
    };
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'small', private: true, dependencies: packages }),
    );
    npm('install', '--package-lock-only', '--ignore-scripts');
    // From wherever npm runs.
    const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
    writeFileSync(join(folder, 'package-lock.json'), lock.replaceAll('"file:', `"file:${folder}/`));
  });

  it('fetches the pinned Node first, and installs the rest with it, quietly', () => {
    const { status, stdout, stderr } = bootstrap('start');
    // Every 15 s, which a busy machine may need, it says how far it is.
    expect(stderr.replace(/^ +….*\n/gm, '').replace(/ +[\d.]+ s$/gm, '')).toBe(
      'Installing the packages of package-lock.json (only once).\n  ✓ Node 24.0.0\n  ✓ 2 packages\n',
    );
    expect(stdout).toBe(`${process.version} start\n`);
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'ran'), 'utf8')).toMatch(/^\S*npm(-cli\.js)? ci .*\n\S*cli\.ts start\n$/);
    expect(readdirSync(join(folder, '.local'))).toEqual([]);
  });

  it('shows what npm wrote when a package is not what the lockfile says', () => {
    const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
    writeFileSync(
      join(folder, 'package-lock.json'),
      lock.replace(/("file:\S*tool\S*",\s*"integrity": "sha512-)..../, '$1AAAA'),
    );
    const { status, stdout, stderr } = bootstrap('start');
    expect(stderr).toContain('✗');
    expect(stderr).toContain('EINTEGRITY');
    expect(stderr).toContain('Could not install the npm packages (npm exited with 1).');
    expect([status, stdout]).toEqual([1, '']);
  });

  function bootstrap(...args: string[]) {
    return run(old ?? '', [join(folder, 'commands/bootstrap.mjs'), ...args], folder);
  }

  function npm(...args: string[]) {
    const { status, stderr } = run('npm', [...args, '--offline', '--cache', join(folder, '.npm')], folder);
    if (status !== 0) throw new Error(stderr);
  }

  /** A package as a file beside the repository's own; returns how package.json names it. */
  function pack(name: string, fields: object, node?: string): string {
    const source = join(folder, 'packages', name);
    mkdirSync(join(source, 'bin'), { recursive: true });
    writeFileSync(join(source, 'package.json'), JSON.stringify({ name, ...fields }));
    writeFileSync(join(source, 'bin/node'), node ?? '');
    chmodSync(join(source, 'bin/node'), 0o755);
    const { status, stderr } = run('npm', ['pack', source, '--pack-destination', folder], folder);
    if (status !== 0) throw new Error(stderr);
    const { version } = fields as { version: string };
    return `file:${name}-${version}.tgz`;
  }
});

function run(command: string, args: string[], cwd?: string) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  return spawnSync(command, args, {
    cwd,
    env: { ...Object.fromEntries(own), PATH: path.join(delimiter), npm_config_offline: 'true' },
    encoding: 'utf8',
  });
}
