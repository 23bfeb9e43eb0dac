/** The runner with files that fail in different ways: none affects another file. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { statOf } from '@shop/local/processes.ts';

const root = repositoryRoot();
const chassis = join(root, 'chassis/src');
const CONSUMER = `
  import { startConsumer } from '${chassis}/reliable/messaging/consume.ts';
  import { openingsQueue } from '${chassis}/testing/queues.ts';
  import { now, openedMessage, silent, startMessagingSystem } from '${chassis}/testing/messaging.ts';
  it('leaves a consumer', async () => {
    const { broker, metrics, database } = await startMessagingSystem();
    const { name: queue, messages: definitions } = openingsQueue;
    const handle = async () => { throw new Error('planted'); };
    startConsumer({ queue, broker, metrics, now, pool: database.pool, log: silent, definitions, handle });
    await broker.publish([openedMessage()]);
    throw new Error('planted');
  });`;

/** A failing file for each kind of failure. */
const planted: Record<string, string> = {
  interval: `it('leaves an interval that takes all the time', () => {
    setInterval(() => { for (const until = performance.now() + 2_000; performance.now() < until; ); }, 1);
    throw new Error('planted');
  });`,
  consumer: CONSUMER,
  hang: `it('hangs', () => new Promise(() => {}), 500);`,
  hook: `beforeAll(() => new Promise(() => {}), 500); it('is never begun', () => {});`,
  server: `it('leaves a server', () => { require('node:http').createServer().listen(0); throw new Error('planted'); });`,
  'late-error': `it('fails after its end', () => {
    setTimeout(() => { throw new Error('planted, later'); }, 20);
    throw new Error('planted');
  });`,
  killed: `it('kills its process', () => process.kill(process.pid, 'SIGKILL'));`,
  load: `import './there-is-no-such-file.ts'; it('does not load', () => {});`,
};

/** Passes unless its process is blocked. */
const GREEN = `it.each([1, 2])('is well: %s', async () => {
  for (let n = 0; n < 5; n += 1) {
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(performance.now() - began).toBeLessThan(1_500);
  }
});`;
const GREEN_FILES = 4 * availableParallelism();

/** A folder with these files that the runner treats as a repository. Files without a tier in their names are of `int`. */
function plant(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'shop-planted-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const path of ['jest.config.ts', 'testing/jest']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  mkdirSync(join(folder, 'commands'));
  writeFileSync(join(folder, 'commands/bootstrap.mjs'), '');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, `${name}${name.endsWith('.e2e') ? '' : '.int'}.test.ts`), text);
  }
  return folder;
}

const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
const command = [join(root, 'commands/cli.ts'), 'test', 'int'];

function runIn(folder: string, ...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [...command, ...args], {
    ...{ cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

function startIn(folder: string) {
  const runner = spawn(process.execPath, command, { cwd: folder, env, stdio: 'ignore' });
  atEnd(() => runner.kill());
  return runner;
}

it('a file that fails affects no other, and the summary lists the failures with the commands to repeat them', () => {
  const green = Object.fromEntries(Array.from({ length: GREEN_FILES }, (_, n) => [`green-${n}`, GREEN]));
  const { status, lines } = runIn(plant({ ...planted, ...green }));
  const count = Object.keys(planted).length;
  expect({ status, end: lines.at(-1) }).toEqual({
    status: 1,
    end: `${2 * GREEN_FILES} passed, ${count} failed, 0 skipped`,
  });
  const repeats = lines.filter((line) => line.startsWith('    npm test -- int ')).map((line) => line.trim());
  expect(repeats.map((line) => /int ([\w-]+)[.]int/.exec(line)?.[1]).sort()).toEqual(Object.keys(planted).sort());
  expect(repeats).toContain("npm test -- int hang.int.test.ts -t '^hangs$'");
  expect(repeats).toContain('npm test -- int load.int.test.ts');
});

it('reports and ends processes that a file leaves running, and fails', async () => {
  const leaving = (name: string, options: string) => `it('leaves a process', () => {
    const child = require('node:child_process').spawn('sleep', ['${name}'], { detached: true, stdio: 'ignore'${options} });
    child.unref();
  });`;
  // One has another environment than its parent; the parent of another ends at once.
  const orphan = `it('leaves a process', () => {
    require('node:child_process').spawnSync('sh', ['-c', 'sleep 600003 &'], { stdio: 'ignore' });
  });`;
  const bare = `${leaving('600002', ', env: { PATH: process.env.PATH }')}
    it('takes a moment', () => new Promise((resolve) => setTimeout(resolve, 2_000)));`;
  const { status, lines } = runIn(plant({ detached: leaving('600001', ''), bare, orphan }));
  expect({ status, end: lines.at(-1) }).toEqual({ status: 1, end: '4 passed, 3 failed, 0 skipped' });
  const left = lines.flatMap((line) => /^ {2}(\S+: left running: sleep \d+)/.exec(line)?.[1] ?? []);
  expect(left.sort()).toEqual([
    'detached.int.test.ts: left running: sleep 600001',
    'int: left running: sleep 600002',
    'orphan.int.test.ts: left running: sleep 600003',
  ]);
  expect(spawnSync('pgrep', ['-xf', 'sleep 60000[123]']).status).toBe(1);
});

it('an interrupt ends the running tests and all their child processes', async () => {
  const folder = plant({
    slow: `it('takes long', async () => {
      const child = require('node:child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      require('node:fs').writeFileSync('started', child.pid + ' ' + process.pid);
      await new Promise(() => {});
    });`,
  });
  const runner = startIn(folder);
  const pids = await eventually(() => {
    const text = existsSync(join(folder, 'started')) ? readFileSync(join(folder, 'started'), 'utf8') : '';
    return text === '' ? undefined : text.split(' ').map(Number);
  });
  const began = performance.now();
  runner.kill('SIGINT');
  expect(await once(runner, 'exit')).toEqual([130, null]);
  // Less than the timeout of a test, which is five minutes.
  expect(performance.now() - began).toBeLessThan(60_000);
  expect(pids.map((pid) => statOf(pid))).toEqual([undefined, undefined]);
});

it('a run of some tests passes when they do, and fails when there are none', () => {
  const folder = plant({ a: `${GREEN} it('is ill', () => { throw new Error('planted'); });`, 'b.alone': GREEN });
  expect(runIn(folder, '-t', 'well: 2')).toMatchObject({
    status: 0,
    lines: expect.arrayContaining(['2 passed, 0 failed, 0 skipped']),
  });
  expect(runIn(folder, 'b.alone', '-t', 'well: 2').lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
  expect(runIn(folder, '-t', 'no such name')).toMatchObject({
    status: 1,
    lines: expect.arrayContaining(['0 passed, 1 failed, 0 skipped']),
  });
});

it('runs int and e2e at the same time, except files that run alone; a failure in one does not fail the other', () => {
  const meeting = (own: string, other: string) => `it('meets the other tier', async () => {
    require('node:fs').writeFileSync('${own}', '');
    while (!require('node:fs').existsSync('${other}')) await new Promise((resolve) => setTimeout(resolve, 20));
  });`;
  const folder = plant({
    a: `${meeting('int-began', 'e2e-began')} it('is ill', () => { throw new Error('planted'); });`,
    'a.e2e': meeting('e2e-began', 'int-began'),
    'b.alone': `it('has no neighbours', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(require('node:fs').readdirSync('.').filter((name) => name.endsWith('-began'))).toEqual([]);
    });`,
  });
  const { status, lines } = runIn(folder, 'e2e');
  expect({ status, end: lines.at(-1) }).toEqual({ status: 1, end: '3 passed, 1 failed, 0 skipped' });
  expect(lines).toContain("    npm test -- int a.int.test.ts -t '^is ill$'");
});
