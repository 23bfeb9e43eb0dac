/** Clients that are made by command, on a whole system: what they place is theirs, and stays so whatever their keys do. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { anOrderOf, type System, startSystem, withKey } from './system.ts';

const run = promisify(execFile);

let system: System;
beforeAll(async () => {
  system = await startSystem(1);
}, 600_000);
afterAll(() => system?.down(), 60_000);

async function clients(...args: string[]) {
  const command = [join(__dirname, '../commands/cli.ts'), 'clients', ...args];
  return run(process.execPath, command, { env: { ...process.env, LOCAL_DIR: system.folder } });
}
const json = async (...args: string[]) => JSON.parse((await clients(...args, '--json')).stdout);
const call = async (apikey: string, path: string, init: RequestInit = {}) => {
  const headers = { apikey, 'content-type': 'application/json', ...withKey('partners-order') };
  const answer = await fetch(system.env.BASE_URL + path, { ...init, headers });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
};
const place = (apikey: string, sku: string) =>
  call(apikey, '/orders', { method: 'POST', body: JSON.stringify(anOrderOf(sku)) });

it('a client places orders with either key of a rotation, and they stay its own after every restart', async () => {
  const sku = await system.product(5);
  const { key, id } = await json('add', 'partner', '--group', 'storefront');
  // 202 until its stock is decided.
  const placed = await eventually(async () => {
    const answer = await place(key, sku);
    return answer.status === 202 ? undefined : answer;
  });
  expect(placed).toMatchObject({ status: 201, body: { clientId: id } });

  const rotated = await clients('rotate', 'partner', '--json');
  expect(rotated.stderr).toBe('The change is in effect.\n');
  const { key: next } = JSON.parse(rotated.stdout);
  // The same Idempotency-Key of the same client, whichever of its own keys it shows.
  expect(await place(next, sku)).toMatchObject({ status: 201, body: { id: placed.body.id } });

  await system.control('stop', 'gateway');
  await system.control('start', 'gateway');
  await system.healthy();
  expect([(await place(key, sku)).status, (await place(next, sku)).status]).toEqual([201, 201]);

  await clients('retire', 'partner');
  expect((await call(key, '/orders')).status).toBe(401);
  expect((await call(next, '/orders')).body.items).toHaveLength(1);

  const { stdout } = await clients('list');
  expect(stdout).toContain(`partner           storefront  ${id}`);
  for (const secret of [key, next, system.env.STOREFRONT_KEY ?? '']) expect(stdout).not.toContain(secret);

  expect((await clients('remove', 'partner')).stdout).toContain(`GET /orders?clientId=${id}`);
  expect((await call(next, '/orders')).status).toBe(401);
  const { body: kept } = await system.backoffice('GET', `/orders?clientId=${id}`);
  expect(kept.items).toHaveLength(1);

  // A new client of the old name is another one, unless it is given the id.
  const { key: stranger } = await json('add', 'partner', '--group', 'storefront');
  expect((await call(stranger, '/orders')).body.items).toEqual([]);
  const { key: heir } = await json('add', 'heir', '--group', 'storefront', '--id', id);
  expect((await call(heir, '/orders')).body.items).toHaveLength(1);
}, 300_000);

it('what cannot be done is said in a line', async () => {
  const refusalOf = (...args: string[]) =>
    clients(...args).then(
      () => ({ code: 0, stderr: '' }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
    );
  expect(await refusalOf('rotate', 'storefront')).toEqual({
    code: 1,
    stderr: 'storefront is declared in kong/kong.yml, and its key is a setting of the system (docs/clients.md).\n',
  });
  expect(await refusalOf('add', 'storefront', '--group', 'storefront')).toMatchObject({ code: 1 });
  expect(await refusalOf('add', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--group takes') });
});
