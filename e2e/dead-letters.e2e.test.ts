/** What a person does about messages that could not be handled, and sees of their orders, with the commands, on the running system. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { anOrderOf, type System, settled, startSystem, withKey } from './system.ts';

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

/** What a command of operators prints; it fails with its exit code and message. */
async function command(...args: string[]): Promise<string> {
  const environment = { ...process.env, LOCAL_DIR: system.folder };
  return (await run(process.execPath, [CLI, ...args], { env: environment })).stdout;
}
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

/** As somebody does in the broker's management UI. */
async function publish(queue: string, payload: string): Promise<void> {
  const { origin, username, password } = new URL(system.env.RABBITMQ_MANAGEMENT_URL ?? '');
  const answer = await fetch(`${origin}/api/exchanges/%2F/amq.default/publish`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ properties: {}, routing_key: queue, payload, payload_encoding: 'string' }),
  });
  expect(await answer.json()).toEqual({ routed: true });
}

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
    expect(await deadLetters('show', id)).toMatchObject({ id, status: 'open', message: { body: expect.any(String) } });
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
  // The cause: somebody else's reservation under the order's id.
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
  expect((await settled(system, anOrderOf(sku), sku)).status).toBe(201);
  expect((await system.stock(sku)).reserved).toBe(1);
  await open(0);
  const { order, timeline, reservation } = await orderOf(id);
  expect([order.status, reservation.state, reservation.lines]).toEqual(['confirmed', 'held', [{ sku, quantity: 1 }]]);
  expect(timeline.map(({ type }: { type: string }) => type)).toEqual(expect.arrayContaining(['placed', 'confirmed']));
});

it('is for operations only, and says when there is nothing by that id', async () => {
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
