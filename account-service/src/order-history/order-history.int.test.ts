import { randomUUIDv7 } from 'node:crypto';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import {
  type AccountService,
  asShopper,
  asStaff,
  createAccountDatabase,
  get,
  startUntilEnd,
} from '../../test/test-app.ts';
import { writeOrders } from './order-history.sql.ts';
import type { ShopperOrder } from './shopper-order.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
beforeAll(async () => {
  database = await createAccountDatabase();
  atEnd(() => database.drop());
  service = startUntilEnd(database.pool);
});
beforeEach(async () => {
  await database.truncate();
  ada = await account('ada@example.org');
});

async function account(email: string, status = 'active'): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO accounts (id, email, name, locale, status) VALUES ($1, $2, 'Ada', 'en', $3) RETURNING id`,
    [randomUUIDv7(), status === 'deleted' ? null : email, status],
  );
  return rows[0]?.id as string;
}

const nextId = () => `0195f0a0-0000-7000-8000-${number.toString().padStart(12, '0')}`;
let number = 0;
/** The next order, whose id is greater than those before. */
function order(customerId: string, changes: Partial<ShopperOrder> = {}): ShopperOrder {
  number += 1;
  const lines = [{ sku: 'MUG', quantity: 2, unitPrice: 900 }];
  const createdAt = new Date().toISOString();
  return {
    ...{ id: nextId(), number: `ORD-${number}`, customerId, currency: 'EUR', lines, status: 'confirmed' },
    ...{ createdAt, version: 2, ...changes },
  };
}
const write = (...orders: ShopperOrder[]) => writeOrders(database.pool, orders);
const read = async (path: string, of = ada) => get(service, path, await asShopper(of));

describe('GET /accounts/me/orders', () => {
  it('lists the orders of the account, newest first, page by page, and no others', async () => {
    const orders = [order(ada), order(ada), order(ada)];
    await write(...orders, order(await account('bob@example.org')), order('ada'));
    const first = await read('/accounts/me/orders?limit=2');
    expect([first.status, first.body.items.length]).toEqual([200, 2]);
    expect(first.body.items[0]).toEqual({
      id: orders[2]?.id,
      number: orders[2]?.number,
      status: 'confirmed',
      currency: 'EUR',
      total: 1_800,
      lines: [{ sku: 'MUG', quantity: 2, unitPrice: 900 }],
      lineCount: 1,
      placedAt: orders[2]?.createdAt,
      version: 2,
    });
    const rest = await read(`/accounts/me/orders?limit=2&cursor=${first.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ id: orders[0]?.id }] });
    expect(rest.body.nextCursor).toBeUndefined();
  });

  it('shows five lines of a long order, and no total if a line has no price', async () => {
    const lines = Array.from({ length: 1_000 }, (_, n) => ({ sku: `S-${n}`, quantity: 1 }));
    await write(order(ada, { lines }));
    const { body } = await read('/accounts/me/orders');
    expect(body.items).toMatchObject([{ lineCount: 1_000 }]);
    expect([body.items[0].lines.length, body.items[0].total]).toEqual([5, undefined]);
  });

  it('refuses a cursor of another account, and who is not signed in as a shopper', async () => {
    await write(order(ada), order(ada));
    const { body } = await read('/accounts/me/orders?limit=1');
    const bob = await account('bob@example.org');
    expect((await read(`/accounts/me/orders?cursor=${body.nextCursor}`, bob)).status).toBe(400);
    expect((await get(service, '/accounts/me/orders', await asStaff(ada, ['operations']))).status).toBe(403);
    expect((await get(service, '/accounts/me/orders')).status).toBe(401);
  });

  it('shows nothing of an account that was deleted: its access token is refused', async () => {
    const gone = await account('gone@example.org', 'deleted');
    await write(order(gone));
    for (const path of ['/accounts/me/orders', '/accounts/me/dashboard'])
      expect((await read(path, gone)).body).toMatchObject({ status: 401, code: 'session-ended' });
  });
});

describe('GET /accounts/me/dashboard', () => {
  it('has the profile and the last five orders, and says that recommendations are missing', async () => {
    const orders = Array.from({ length: 6 }, () => order(ada));
    await write(...orders);
    const { status, body } = await read('/accounts/me/dashboard');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ account: { id: ada, email: 'ada@example.org' }, recommendations: [], degraded: ['catalogue'] },
    });
    expect(body.orders.map(({ id }: { id: string }) => id)).toEqual(
      orders
        .slice(1)
        .map(({ id }) => id)
        .reverse(),
    );
  });
});

describe('writing orders', () => {
  it('changes a row only where the version is newer, also within one batch', async () => {
    const placed = order(ada, { version: 1, status: 'pending' });
    const shipped = { ...placed, version: 3, status: 'shipped' };
    expect(await write(shipped, placed)).toBe(1);
    expect(await write(placed, { ...placed, version: 2, status: 'confirmed' })).toBe(0);
    const { rows } = await database.pool.query('SELECT status, version FROM order_history');
    expect(rows).toEqual([{ status: 'shipped', version: 3 }]);
  });

  it('keeps members and statuses that this release does not know', async () => {
    await write(order(ada, { status: 'returned', gift: true }));
    const { rows } = await database.pool.query(`SELECT status, view -> 'gift' AS gift FROM order_history`);
    expect(rows).toEqual([{ status: 'returned', gift: true }]);
  });
});
