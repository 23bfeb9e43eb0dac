/** Both services with PgBouncer in transaction mode, configured as in docs/scaling.md. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type Pool } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { asNonRoot } from '@shop/local/servers/run-as.ts';
import type request from 'supertest';
import * as stockSide from '../inventory-service/test/test-app.ts';
import * as orderSide from '../order-service/test/test-app.ts';

const page = readFileSync(join(__dirname, '../docs/scaling.md'), 'utf8');
const block = (language: string) =>
  (page.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1] ?? '').replace(/^ +/gm, '');

const program = process.env.PGBOUNCER ?? 'pgbouncer';
const [, major, minor] =
  /PgBouncer (\d+)\.(\d+)/.exec(spawnSync(program, ['--version']).stdout?.toString() ?? '') ?? [];
const prepares = Number(major) > 1 || Number(minor) >= 21;

const SERVER_CONNECTIONS = 4;
const log = createLogger('test', 'silent');

describeNeeding('PgBouncer 1.21 or later', prepares, 'PgBouncer in transaction mode', () => {
  let port: number;
  let databases: { orders: TestDatabase; inventory: TestDatabase };
  const pools: Pool[] = [];
  let inventory: stockSide.InventoryService[];
  let orders: orderSide.OrderService[];

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
    atEnd(() => rmSync(folder, { recursive: true }));
    const [order, stock] = await Promise.all([orderSide.createOrderDatabase(), stockSide.createInventoryDatabase()]);
    databases = { orders: order, inventory: stock };
    atEnd(() => Promise.all([order.drop(), stock.drop()]));
    await setRole(order, 'order_service');
    await setRole(stock, 'inventory_service');
    ({ port } = await choosePorts(['port']));
    const target = new URL(order.url);
    const users = [order.url, stock.url].map((url) => new URL(url));
    writeFileSync(join(folder, 'users'), users.map((url) => `"${url.username}" "${url.password}"\n`).join(''));
    writeFileSync(
      join(folder, 'ini'),
      `[databases]\n* = host=${target.hostname} port=${target.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}
unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = ${join(folder, 'users')}\ndefault_pool_size = ${SERVER_CONNECTIONS}
${block('ini')}`,
    );
    const [command = '', ...args] = [...asNonRoot(folder), program, join(folder, 'ini')];
    const bouncer = spawn(command, args, { stdio: 'ignore' });
    atEnd(() => bouncer.kill('SIGKILL'));
    inventory = [0, 1].map(() => untilTheEnd(stockSide.startInventoryService(bounced(stock))));
    const http = createHttpServer((req, res) => inventory[Math.random() < 0.5 ? 0 : 1]?.http(req, res));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    atEnd(() => closeServer(http));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    orders = [0, 1].map(() => untilTheEnd(orderSide.startOrderService({ ...order, pool: bounced(order) }, url)));
    await eventually(async () => (await pools[0]?.query('SELECT 1'))?.rowCount ?? undefined);
  });

  /** The statements of the page, for the role in the test database only; and a default that must have no effect. */
  async function setRole(database: TestDatabase, role: string): Promise<void> {
    const name = new URL(database.url).pathname.slice(1);
    const statements = block('sql').replaceAll('ROLE order_service', `ROLE ${role} IN DATABASE ${name}`);
    expect(statements.match(/ALTER ROLE/g)).toHaveLength(6);
    await withClient(database.ownerUrl, (client) =>
      client.query(`${statements}; ALTER ROLE ${role} IN DATABASE ${name} SET datestyle = 'German'`),
    );
  }

  function bounced(database: TestDatabase): Pool {
    const url = new URL(database.url);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    const limits = { connectMs: 60_000, statementMs: 60_000, queryMs: 60_000 };
    const pool = createPool({ connectionString: url.href, applicationName: 'bounced', max: 10, limits }, log);
    atEnd(() => pool.end());
    pools.push(pool);
    return pool;
  }

  function untilTheEnd<Service extends { stop(): Promise<unknown> }>(service: Service): Service {
    atEnd(() => service.stop());
    return service;
  }

  it('places, repeats and cancels orders, each once', async () => {
    const [stockOf] = inventory;
    if (stockOf) await stockSide.stock(stockOf, 'MUG', 1_000);
    const send = async (n: number, path: string, body: object, key?: string): Promise<request.Response> => {
      const answer = await orderSide.post(orders[n % 2] as orderSide.OrderService, path, body, key);
      // On a busy machine: the request had no effect.
      return answer.body.code === 'overloaded' ? send(n, path, body, key) : answer;
    };
    const place = (n: number) => send(n, '/orders', orderSide.anOrder(), `key-${n % 150}`);
    const answers = await Promise.all(Array.from({ length: 150 }, (_, n) => place(n)));
    const confirmed = answers.filter(({ status }) => status === 201);
    expect(confirmed.length).toBeGreaterThan(20); // the others got 202, because the hop timed out
    const repeats = await Promise.all(Array.from({ length: 150 }, (_, n) => place(n + 150)));
    expect(repeats.map(({ body }) => body.id)).toEqual(answers.map(({ body }) => body.id));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(150);
    const cancelled = await Promise.all(
      confirmed.slice(0, 20).map(({ body }, n) => send(n, `/orders/${body.id}/cancellation`, {})),
    );
    expect(new Set(cancelled.map(({ status }) => status))).toEqual(new Set([200]));
    const { reserved } = await stockSide.levelOf(databases.inventory.pool, 'MUG');
    expect(reserved).toBeGreaterThanOrEqual(confirmed.length);
    expect(reserved).toBeLessThanOrEqual(150);
    expect(await stockSide.findMismatches(databases.inventory.pool)).toEqual([]);
  });

  it('has fewer connections than the services, and the settings of the page', async () => {
    const [pool] = pools.slice(-1);
    await Promise.all(Array.from({ length: 10 }, () => pool?.query('SELECT pg_sleep(0.2)')));
    const { rows } = await databases.orders.pool.query(
      "SELECT count(*)::integer AS sessions FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bounced'",
    );
    expect(rows[0].sessions).toBeLessThanOrEqual(SERVER_CONNECTIONS);
    for (const [name, value] of Object.entries({
      datestyle: 'ISO, MDY',
      statement_timeout: '2s',
      lock_timeout: '1s',
    })) {
      expect(Object.values((await pool?.query(`SHOW ${name}`))?.rows[0])).toEqual([value]);
    }
    await expect(pool?.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: '57014' });
  });
});
