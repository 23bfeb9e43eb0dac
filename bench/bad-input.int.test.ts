import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { choosePorts } from '@shop/local/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'shop-bench-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

const bench = [process.execPath, join(repositoryRoot(), 'commands/cli.ts'), 'bench'];

function run([command = '', ...args]: string[]) {
  const env = { ...process.env, LOCAL_DIR: folder };
  return spawnSync(command, args, { cwd: repositoryRoot(), env, encoding: 'utf8' });
}

function startedNothing(): void {
  expect(existsSync(join(folder, 'bench'))).toBe(false);
  expect(readdirSync(join(folder, 'data'))).toEqual([]);
}

it('reports invalid options', () => {
  const { status, stderr } = run([...bench, '--scenario', 'cold']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('not "cold"')]);
});

it('starts nothing when the disk has no room for the rows', () => {
  const { status, stderr } = run([...bench, '--rows', '1000000000']);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^1,000,000,000 orders need about .* free\.\n$/)]);
  startedNothing();
});

it('starts nothing when the file with the orders cannot be read', () => {
  const { status, stderr } = run([...bench, '--scenario', 'sales', '--orders', join(folder, 'none.csv')]);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^Could not read .*none\.csv:/)]);
  startedNothing();
});

// A mount namespace in which RabbitMQ is not installed and cannot be.
const without = ['unshare', '--mount', '--map-root-user', 'sh', '-c'];
const hide = '[ ! -d /usr/lib/rabbitmq ] || mount -t tmpfs none /usr/lib/rabbitmq';
const canHide = spawnSync('unshare', [...without.slice(1), hide]).status === 0;

describeNeeding('mount namespaces', canHide, 'a machine without RabbitMQ', () => {
  it('gets a message with what to install before anything is started', () => {
    const { status, stderr } = run([...without, `${hide}; PATH=/nowhere exec "$@"`, 'sh', ...bench]);
    expect([status, stderr]).toEqual([1, 'RabbitMQ is not installed: install RabbitMQ 3.10 or later\n']);
    startedNothing();
  });
});

it('does not use a port that is in use', async () => {
  const other = createServer();
  const taken = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
  });
  const { port } = await choosePorts(['port'], { port: taken });
  await new Promise((resolve) => other.close(resolve));
  expect(port).not.toBe(taken);
  expect(await choosePorts(['port'], { port: taken })).toEqual({ port: taken });
});
