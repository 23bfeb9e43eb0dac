import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { databaseUrl, testServerUrl } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { choosePorts } from '@shop/local/ports.ts';

const suffix = randomUUID().slice(0, 8);
const databases = { orders: `naive_orders_${suffix}`, inventory: `naive_inventory_${suffix}` };
let orders: string;

beforeAll(async () => {
  for (const name of ['orders', 'inventory'] as const) {
    const onServer = (sql: string) => withClient(testServerUrl(), (client) => client.query(sql));
    await onServer(`CREATE DATABASE ${databases[name]}`);
    atEnd(() => onServer(`DROP DATABASE ${databases[name]} WITH (FORCE)`));
    const schema = readFileSync(join(__dirname, `${name}.sql`), 'utf8');
    await withClient(databaseUrl(databases[name]), (client) => client.query(schema));
  }
  const ports = await choosePorts(['orders', 'inventory']);
  orders = `http://127.0.0.1:${ports.orders}`;
  const inventory = `http://127.0.0.1:${ports.inventory}`;
  start('inventory-service.ts', ports.inventory, databases.inventory);
  start('order-service.ts', ports.orders, databases.orders, { INVENTORY_URL: inventory });
  for (const url of [orders, inventory]) await eventually(async () => (await fetch(`${url}/health`)).ok || undefined);
});

function start(script: string, port: number, database: string, more: Record<string, string> = {}): void {
  const env = { PORT: String(port), DATABASE_URL: databaseUrl(database), DATABASE_POOL_SIZE: '4', ...more };
  const child = spawn(process.execPath, [join(__dirname, script)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  atEnd(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  });
}

async function stock(sku: string): Promise<{ on_hand: number; reserved: number }> {
  const { rows } = await withClient(databaseUrl(databases.inventory), (client) =>
    client.query('SELECT on_hand, reserved FROM stock WHERE sku = $1', [sku]),
  );
  return rows[0];
}

async function product(units: number): Promise<string> {
  const sku = `SKU-${randomUUID()}`;
  await withClient(databaseUrl(databases.inventory), (client) =>
    client.query('INSERT INTO stock (sku, on_hand) VALUES ($1, $2)', [sku, units]),
  );
  return sku;
}

interface OrderView {
  id: string;
  status: string;
  lines: object[];
}

async function place(key: string, lines: { sku: string; quantity: number }[]) {
  const response = await fetch(`${orders}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-consumer-custom-id': 'test' },
    body: JSON.stringify({ customerId: 'c-1', currency: 'EUR', lines }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as OrderView };
}

async function read(path: string) {
  const response = await fetch(`${orders}${path}`, { headers: { 'x-consumer-custom-id': 'test' } });
  return { status: response.status, body: (await response.json()) as OrderView };
}

it('places an order, keeps it and reserves its stock', async () => {
  const [one, two] = [await product(5), await product(5)];
  const lines = [
    { sku: one, quantity: 2 },
    { sku: two, quantity: 1 },
  ];
  const { status, headers, body } = await place(randomUUID(), lines);
  expect([status, body.status, body.lines]).toEqual([201, 'confirmed', lines]);
  expect([await stock(one), await stock(two)]).toEqual([
    { on_hand: 5, reserved: 2 },
    { on_hand: 5, reserved: 1 },
  ]);
  const found = await read(headers.get('location') ?? '');
  expect(found).toEqual({ status: 200, body });
  expect((await read('/orders?limit=1')).body).toEqual({ items: [body] });
});

it('refuses an order with insufficient stock for one line, and reserves nothing', async () => {
  const [plenty, short] = [await product(5), await product(1)];
  const key = randomUUID();
  const refused = await place(key, [
    { sku: plenty, quantity: 1 },
    { sku: short, quantity: 2 },
  ]);
  expect([refused.status, refused.body.status]).toEqual([409, 'rejected']);
  expect((await stock(plenty)).reserved).toBe(0);
  expect((await read(`/orders/${refused.body.id}`)).body.status).toBe('rejected');
});

it('replays a key', async () => {
  const sku = await product(5);
  const key = randomUUID();
  const first = await place(key, [{ sku, quantity: 1 }]);
  const again = await place(key, [{ sku, quantity: 1 }]);
  expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  expect(again.body).toEqual(first.body);
  expect((await stock(sku)).reserved).toBe(1);
});
