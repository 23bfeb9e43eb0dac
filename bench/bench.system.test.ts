import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import type { Rebuild } from './histories/rebuild.ts';
import type { Round } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'shop-bench-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

/** Starts `npm run bench` in a separate process group, as a terminal does. */
function startBench(...args: string[]) {
  const child = spawn(process.execPath, [join(__dirname, '../commands/bootstrap.mjs'), 'bench', ...args], {
    env: { ...process.env, LOCAL_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  atEnd(() => child.kill('SIGTERM'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const said = (text: string) => eventually(() => output.stderr.includes(text) || undefined, 120_000);
  return { child, output, exit, said };
}

/** Processes that use this folder: by their arguments, environment or open files. */
function processesOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const texts = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        return [...texts, readlinkSync(`/proc/${pid}/fd/1`)].some((text) => text.includes(path));
      } catch {
        return false; // has exited
      }
    });
}

function leavesNothing(): void {
  expect(processesOf(folder)).toEqual([]);
  expect(readdirSync(join(folder, 'bench'))).toEqual([]);
}

it('measures durable sides, marks a run on a busy machine as disturbed, and leaves nothing behind', async () => {
  const { exit, output, said } = startBench('--quick', '--rounds', '1', '--scenario', 'uniform-16,twins', '--json');
  await said('uniform-16 1');
  const others = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  atEnd(() => others.kill('SIGTERM'));
  expect(await exit).toBe(2);
  others.kill('SIGKILL');

  const report = JSON.parse(output.stdout) as {
    servers: Record<string, Record<string, Record<string, string>>>;
    results: { scenario: { name: string }; rounds: Round[]; isClean: boolean }[];
    disturbed: string[];
  };
  for (const side of ['ours', 'naive']) {
    for (const server of ['order-db', 'inventory-db']) {
      const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
      expect(report.servers[side]?.[server]).toMatchObject(durable);
    }
  }
  expect(report.results.map(({ scenario }) => scenario.name)).toEqual(['uniform-16', 'twins']);
  const [uniform, twins] = report.results.map(({ rounds }) => rounds[0]);
  for (const measured of [uniform?.ours, uniform?.naive]) {
    expect(measured?.rate).toBeGreaterThan(0);
    expect(measured?.p99).toBeGreaterThanOrEqual(measured?.p50 ?? Number.NaN);
    expect(measured?.cpuMs).toBeGreaterThan(0);
    expect(measured?.slices).toBeGreaterThan(0);
  }
  // The main guarantee, which the usual implementation does not give.
  expect(twins?.ours?.doubled).toBe(0);
  expect(twins?.naive?.doubled).toBeGreaterThan(0);

  expect([twins?.ours?.isClean, twins?.naive?.isClean]).toEqual([false, false]);
  expect(report.disturbed).toContain('twins');
  expect(output.stderr).toMatch(/No clean round of .*twins: .* these numbers are not reliable/);
  leavesNothing();
});

it('leaves nothing running after Ctrl-C under load', async () => {
  const { child, exit, said } = startBench('--quick', '--scenario', 'uniform-1');
  await said('start naive');
  expect(processesOf(folder).length).toBeGreaterThan(0);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  expect(await exit).toBe(130);
  leavesNothing();
});

it('rebuilds the order histories of the orders that it has written, and leaves nothing behind', async () => {
  const { exit, output } = startBench('--rebuild', '20000', '--json');
  // 2: this machine is busy with other tests.
  expect([0, 2]).toContain(await exit);
  const { rebuilds } = JSON.parse(output.stdout) as { rebuilds: Rebuild[] };
  expect(rebuilds.map(({ orders }) => orders)).toEqual([20_000, 20_000]);
  for (const { ordersPerSecond, cpuMicroseconds } of rebuilds) {
    expect(ordersPerSecond).toBeGreaterThan(0);
    expect(Object.values(cpuMicroseconds).every((each) => each > 0)).toBe(true);
  }
  leavesNothing();
});
