import http from 'node:http';
import { listen } from '@shop/chassis/edge/server.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  asStaff,
  createAccount,
  startOnOwnDatabase,
  startUntilEnd,
} from '../../test/test-app.ts';
import { writeOrders } from '../order-history/order-history.sql.ts';
import { exportView } from './export.routes.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const address = { name: 'Ada', street: 'Square 12', postalCode: 'SW1Y', city: 'London', country: 'GB' };
const read = (as: Record<string, string>) => request(service.http).get('/accounts/me/export').set(as);

it('is all that is known of the person, and nothing of others or that is secret', async () => {
  const ada = await createAccount(service, database.pool);
  const asAda = await asShopper(ada);
  const asEve = await asShopper(await createAccount(service, database.pool, 'eve@example.org'));
  for (const as of [asAda, asEve]) {
    await request(service.http)
      .post('/accounts/me/addresses')
      .set({ ...as, 'idempotency-key': 'k' })
      .send(address)
      .expect(201);
  }
  await database.pool.query(
    `INSERT INTO session_families (id, account_id, audience, expires_at) VALUES ($1, $1, 'shop', now() + interval '1 day')`,
    [ada],
  );
  const { body, text } = await read(asAda).expect(200);
  expect(exportView.parse(body)).toEqual(body);
  expect(body).toMatchObject({
    account: { id: ada, email: 'ada@example.org', name: 'Ada', passwordChangedAt: expect.any(String) },
    addresses: [address],
    sessions: [{ id: ada, audience: 'shop' }],
    mails: [{ purpose: 'verification', email: 'ada@example.org', usedAt: expect.any(String) }],
  });
  for (const hidden of ['eve', 'hash', 'salt', 'token']) expect(text).not.toContain(hidden);
});

it('is for shoppers, not for the console', async () => {
  const ada = await createAccount(service, database.pool);
  expect((await read(await asStaff(ada, ['backoffice'])).expect(403)).body.code).toBe('forbidden');
});

it('reads one moment, while an address is added', async () => {
  const asAda = await asShopper(await createAccount(service, database.pool));
  const [{ body }] = await Promise.all([
    read(asAda).expect(200),
    request(service.http)
      .post('/accounts/me/addresses')
      .set({ ...asAda, 'idempotency-key': 'k' })
      .send(address)
      .expect(201),
  ]);
  expect([0, 1]).toContain(body.addresses.length);
});

/** Orders of an account, the newest last, each of some kilobytes. */
async function placeOrders(accountId: string, count: number): Promise<string[]> {
  const lines = Array.from({ length: 60 }, (_, n) => ({ sku: `PRODUCT-${n}`, quantity: 1, unitPrice: 900 }));
  const ids = Array.from({ length: count }, (_, n) => `0195f0a0-0000-7000-8000-${String(n).padStart(12, '0')}`);
  const orders = ids.map((id, n) => ({
    ...{ id, number: `ORD-${n}`, customerId: accountId, currency: 'EUR', lines, status: 'confirmed' },
    ...{ createdAt: '2026-01-05T09:45:00.000Z', version: 2, shipment: { carrier: 'DHL', trackingNumber: `T-${n}` } },
  }));
  for (let from = 0; from < count; from += 1_000) await writeOrders(database.pool, orders.slice(from, from + 1_000));
  return ids;
}

describe('the orders in it', () => {
  it.each([0, 1, 50, 51, 120])(
    'are all %s, newest first, as order-service answered them, and none of others',
    async (count) => {
      const [ada, eve] = [
        await createAccount(service, database.pool),
        await createAccount(service, database.pool, 'eve@example.org'),
      ];
      await placeOrders(eve, 1);
      await database.pool.query(`UPDATE order_history SET order_id = 'ffffffff-0000-7000-8000-000000000000'`);
      const ids = await placeOrders(ada, count);
      const { body } = await read(await asShopper(ada)).expect(200);
      expect(body.orders.map(({ id }: { id: string }) => id)).toEqual(ids.reverse());
      if (count > 0) expect(body.orders.at(-1)).toMatchObject({ number: 'ORD-0', shipment: { trackingNumber: 'T-0' } });
      expect(exportView.parse(body)).toEqual(body);
    },
  );

  /** A service that counts the pages of orders that it reads after the first, over a real connection. */
  async function startCounting() {
    let pages = 0;
    let isAway = false;
    const { pool } = database;
    const query = async (...statement: Parameters<typeof pool.query>) => {
      if ((statement[0] as { name?: string }).name !== 'export-orders') return pool.query(...statement);
      if (isAway) throw new Error('the database is away');
      pages += 1;
      return pool.query(...statement);
    };
    const requestPool = { connect: () => pool.connect(), query: query as typeof pool.query, waitingCount: 0 };
    const server = await listen(startUntilEnd(pool, { requestPool }).http, '127.0.0.1', 0);
    atEnd(() => server.close());
    const as = await asShopper(await accountWithManyOrders());
    return {
      pages: () => pages,
      breakDatabase: () => {
        isAway = true;
      },
      /** The response, of which nothing has been read. */
      ask: () =>
        new Promise<http.IncomingMessage>((resolve, reject) => {
          const options = { port: server.port, host: '127.0.0.1', path: '/accounts/me/export', headers: as };
          http.get(options, resolve).on('error', reject);
        }),
    };
  }
  const ORDERS = 10_000;
  const PAGES = ORDERS / 50;
  async function accountWithManyOrders() {
    const ada = await createAccount(service, database.pool);
    await placeOrders(ada, ORDERS);
    return ada;
  }

  /** The pages that are read until no more is for a while, because the client takes nothing. */
  function pagesUntilItWaits(pages: () => number): Promise<number> {
    let [last, same] = [0, 0];
    return eventually(() => {
      same = pages() === last && last > 0 ? same + 1 : 0;
      last = pages();
      return same === 50 ? last : undefined;
    });
  }

  it('are read as fast as the client takes them, for a shopper with 10,000', async () => {
    const { pages, ask } = await startCounting();
    const response = await ask();
    expect(await pagesUntilItWaits(pages)).toBeLessThan(PAGES / 2);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString()).orders).toHaveLength(ORDERS);
    expect(pages()).toBe(PAGES);
  });

  it('are not read any more for a client that has left', async () => {
    const { pages, ask } = await startCounting();
    const response = await ask();
    const before = await pagesUntilItWaits(pages);
    expect(before).toBeLessThan(PAGES / 2);
    response.destroy();
    expect(await pagesUntilItWaits(pages)).toBeLessThanOrEqual(before + 1);
  });

  it('break the connection if they cannot be read, so that no part passes for the whole', async () => {
    const { pages, ask, breakDatabase } = await startCounting();
    const response = await ask();
    await pagesUntilItWaits(pages);
    breakDatabase();
    const readAll = async () => {
      for await (const _ of response);
    };
    await expect(readAll()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
  });
});
