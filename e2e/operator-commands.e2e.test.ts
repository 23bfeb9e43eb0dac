/** The operators' commands on a running system: dead letters, their orders, and clients. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { anOrderOf, finalAnswer, type System, startSystem, withKey } from './system.ts';

const run = promisify(execFile);
const CLI = join(__dirname, '../commands/cli.ts');

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

interface Letter {
  id: string;
  service: string;
  status: string;
  reason: string;
  group: string;
  subjectId?: string;
}

/** Run an operators' command; rejects with its exit code and message. */
async function runCommand(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [CLI, ...args], { env: { ...process.env, LOCAL_DIR: system.folder } });
}
const command = async (...args: string[]) => (await runCommand(...args)).stdout;
const deadLetters = async (...args: string[]) => JSON.parse(await command('dead-letters', ...args, '--json'));
const orderOf = async (...args: string[]) => JSON.parse(await command('order', ...args, '--json'));
const refusalOf = (...args: string[]) =>
  command(...args).then(
    () => undefined,
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
const open = (count: number): Promise<Letter[]> =>
  eventually(async () => {
    const { items } = await deadLetters('list');
    if (items.length !== count) throw new Error(`${items.length} instead of ${count}: ${JSON.stringify(items)}`);
    return items;
  });

/** Publishes a message as from the broker's management UI. */
async function publish(queue: string, payload: string): Promise<void> {
  const { origin, username, password } = new URL(system.env.RABBITMQ_MANAGEMENT_URL ?? '');
  const answer = await fetch(`${origin}/api/exchanges/%2F/amq.default/publish`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ properties: {}, routing_key: queue, payload, payload_encoding: 'string' }),
  });
  expect(await answer.json()).toEqual({ routed: true });
}

describe('dead letters', () => {
  it('poison from the management UI is grouped, shown and discarded, in both services', async () => {
    await publish('inventory.reservations', 'poison');
    await publish('inventory.reservations', 'poison');
    await publish('order.reservation-replies', '{"type":"reservation.lost"}');
    const letters = await open(3);
    expect(letters.map(({ service }) => service).sort()).toEqual(['inventory', 'inventory', 'orders']);
    const { groups } = await deadLetters('list');
    const group = 'inventory.reservations:unknown:unparseable';
    expect(groups).toContainEqual(expect.objectContaining({ service: 'inventory', group, count: 2 }));
    for (const { id } of letters) {
      expect(await deadLetters('show', id)).toMatchObject({
        id,
        status: 'open',
        message: { body: expect.any(String) },
      });
      expect(await deadLetters('discard', id, '--reason', 'a test')).toMatchObject({ id, status: 'discarded' });
    }
    await open(0);
    const refusal = await refusalOf('dead-letters', 'replay', letters[0]?.id ?? '');
    expect(refusal).toMatchObject({ code: 1, stderr: expect.stringContaining('illegal-transition') });
  });

  it('a dead request for stock is replayed after its cause is gone, and its order is confirmed', async () => {
    const sku = await system.product(3);
    await system.control('kill', 'inventory');
    const accepted = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku));
    expect(accepted.status).toBe(202);
    const { id, number } = accepted.body;
    const unknown = await command('order', number);
    expect(unknown).toContain(`${number} is pending. Its stock is not decided: inventory-service does not respond`);
    expect(unknown).toMatch(/until inventory-service reserves its stock, since [-0-9]+ [.:0-9]+ \([.0-9]+ s\)\n/);
    expect(unknown).toMatch(/asked by message once; next at [-0-9]+ [.:0-9]+ \(in \d+ s\)/);
    expect(unknown.match(/Not available from/g)).toHaveLength(1);
    expect(unknown).not.toContain('"title"');
    expect(unknown).toMatch(/queued, by order-service -> reservation\.requested\.v1/);
    // If the completer repeated the command, there would be two dead letters.
    await system.orderDb.query("UPDATE orders SET ask_at = now() + interval '1 hour' WHERE id = $1", [id]);
    // The cause: a reservation of other units under the order's id.
    await system.inventoryDb.query(`INSERT INTO reservations (id, state) VALUES ($1, 'held')`, [id]);
    await system.inventoryDb.query(
      `INSERT INTO reservation_lines (reservation_id, sku, quantity) VALUES ($1, 'OTHER', 1)`,
      [id],
    );
    await system.control('start', 'inventory');
    const [letter] = await open(1);
    expect(letter).toMatchObject({ service: 'inventory', reason: 'reservation-conflict' });
    const stuck = await orderOf(number);
    expect(stuck).toMatchObject({ order: { id, status: 'pending' }, reservation: { state: 'held' }, unanswered: [] });
    expect(stuck.deadLetters).toMatchObject([{ id: letter?.id, service: 'inventory', status: 'open' }]);
    expect(stuck.traceId).toBe(accepted.headers.get('x-kong-request-id'));
    await system.inventoryDb.query('DELETE FROM reservation_lines WHERE reservation_id = $1', [id]);
    await system.inventoryDb.query('DELETE FROM reservations WHERE id = $1', [id]);
    const replayed = await deadLetters('replay', '--group', letter?.group ?? '');
    expect(replayed).toMatchObject({ replayed: 1, remaining: 0 });
    expect((await finalAnswer(system, anOrderOf(sku), sku)).status).toBe(201);
    expect((await system.stock(sku)).reserved).toBe(1);
    await open(0);
    const { order, timeline, reservation } = await orderOf(id);
    expect([order.status, reservation.state, reservation.lines]).toEqual(['confirmed', 'held', [{ sku, quantity: 1 }]]);
    expect(timeline.map(({ type }: { type: string }) => type)).toEqual(expect.arrayContaining(['placed', 'confirmed']));
  });

  it('is for operations only, and reports an unknown id', async () => {
    for (const path of ['/operations/orders/dead-letters', '/operations/inventory/dead-letters']) {
      expect((await system.operations('GET', path)).status).toBe(200);
      expect((await system.backoffice('GET', path)).status).toBe(403);
      expect((await system.anonymous('GET', path)).status).toBe(401);
    }
    const refusal = await refusalOf('dead-letters', 'show', '0195f0a0-0000-7000-8000-000000000001');
    expect(refusal).toMatchObject({ code: 1, stderr: expect.stringContaining('No such dead letter') });
    const noOrder = await refusalOf('order', 'ORD-999999999');
    expect(noOrder).toEqual({ code: 1, stderr: 'No order ORD-999999999.\n' });
    expect(await refusalOf('order', 'nonsense')).toMatchObject({ code: 2 });
  });
});

describe('clients that are added by command', () => {
  const clients = (...args: string[]) => runCommand('clients', ...args);
  const clientsJson = async (...args: string[]) => JSON.parse((await clients(...args, '--json')).stdout);
  const call = async (apikey: string, path: string, init: RequestInit = {}) => {
    const headers = { apikey, 'content-type': 'application/json', ...withKey('partners-order') };
    const answer = await fetch(system.env.BASE_URL + path, { ...init, headers });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  const place = (apikey: string, sku: string) =>
    call(apikey, '/orders', { method: 'POST', body: JSON.stringify(anOrderOf(sku)) });

  it('a client places orders with both keys of a rotation, and keeps its orders after each restart', async () => {
    const sku = await system.product(5);
    const { key, id } = await clientsJson('add', 'partner', '--group', 'storefront');
    // 202 until its stock is decided.
    const placed = await eventually(async () => {
      const answer = await place(key, sku);
      return answer.status === 202 ? undefined : answer;
    });
    expect(placed).toMatchObject({ status: 201, body: { clientId: id } });

    const rotated = await clients('rotate', 'partner', '--json');
    expect(rotated.stderr).toBe('The change is in effect.\n');
    const { key: next } = JSON.parse(rotated.stdout);
    // Both API keys are the same client, so the same Idempotency-Key.
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

    // A new client with an old name is a different client, unless it is given the old id.
    const { key: stranger } = await clientsJson('add', 'partner', '--group', 'storefront');
    expect((await call(stranger, '/orders')).body.items).toEqual([]);
    const { key: heir } = await clientsJson('add', 'heir', '--group', 'storefront', '--id', id);
    expect((await call(heir, '/orders')).body.items).toHaveLength(1);
  });

  it('errors are reported in one line', async () => {
    expect(await refusalOf('clients', 'rotate', 'storefront')).toEqual({
      code: 1,
      stderr: 'storefront is declared in kong/kong.yml, and its key is a setting of the system (docs/clients.md).\n',
    });
    expect(await refusalOf('clients', 'add', 'storefront', '--group', 'storefront')).toMatchObject({ code: 1 });
    expect(await refusalOf('clients', 'add', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--group takes'),
    });
  });
});
