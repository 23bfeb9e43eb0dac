import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import type { Round } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'shop-bench-'));
let running: ChildProcess | undefined;
afterAll(() => {
  running?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** `npm run bench` in a process group of its own, as a terminal has it. */
function startBench(...args: string[]) {
  const child = spawn(process.execPath, [join(__dirname, '../local/bootstrap.mjs'), 'bench', ...args], {
    env: { ...process.env, LOCAL_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running = child;
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return { child, output, exit: once(child, 'exit').then(([code]) => code as number | null) };
}

/** Processes that have to do with our folder: by their arguments, their environment or where they write. */
function processesOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const texts = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        return [...texts, readlinkSync(`/proc/${pid}/fd/1`)].some((text) => text.includes(path));
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

function leavesNothing(): void {
  expect(processesOf(folder)).toEqual([]);
  expect(readdirSync(join(folder, 'bench'))).toEqual([]);
}

it('measures durable sides side by side, judges only clean rounds, and leaves nothing behind', async () => {
  const { exit, output } = startBench('--quick', '--rounds', '1', '--scenario', 'uniform-16,twins', '--json');
  const code = await exit;
  // A busy machine is no fault of the bench, and it says so.
  if (code !== 0) expect([code, output.stderr]).toEqual([2, expect.stringContaining('not to be trusted')]);
  const report = JSON.parse(output.stdout) as {
    servers: Record<string, Record<string, Record<string, string>>>;
    results: { scenario: { name: string }; rounds: Round[]; isClean: boolean }[];
    disturbed: string[];
  };
  expect(report.disturbed.length > 0).toBe(code === 2);
  expect(report.results.map(({ scenario }) => scenario.name)).toEqual(['uniform-16', 'twins']);
  for (const side of ['ours', 'naive']) {
    for (const server of ['order-db', 'inventory-db']) {
      const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
      expect(report.servers[side]?.[server]).toMatchObject(durable);
    }
  }
  const [uniform, twins] = report.results.map(({ rounds }) => rounds[0]);
  for (const measured of [uniform?.ours, uniform?.naive]) {
    expect(measured?.rate).toBeGreaterThan(0);
    expect(measured?.p99).toBeGreaterThanOrEqual(measured?.p50 ?? Number.NaN);
    expect(measured?.cpuMs).toBeGreaterThan(0);
    expect(measured?.slices).toBeGreaterThan(0);
  }
  // What the whole project is about, and the usual implementation does not have.
  expect(twins?.ours?.doubled).toBe(0);
  expect(twins?.naive?.doubled).toBeGreaterThan(0);
  leavesNothing();
}, 240_000);

it('does not trust a machine on which something else works', async () => {
  const others = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    const { exit, output } = startBench('--quick', '--rounds', '1', '--scenario', 'uniform-1');
    expect(await exit).toBe(2);
    expect(output.stderr).toContain('No clean round of uniform-1');
    expect(output.stdout).toContain('0 of 1 rounds clean');
  } finally {
    others.kill('SIGKILL');
  }
}, 240_000);

it('leaves nothing running after Ctrl-C in the middle', async () => {
  const { child, exit, output } = startBench('--quick', '--scenario', 'uniform-1');
  await eventually(() => output.stderr.includes('start naive') || undefined, 120_000);
  expect(processesOf(folder).length).toBeGreaterThan(0);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  expect(await exit).toBe(130);
  leavesNothing();
}, 240_000);
