/** A minimal service, used only in these tests, that subscribes to the events of orders. */
import { randomUUID } from 'node:crypto';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import { createMessagingDatabase, type MessagingDatabase } from '@shop/chassis/testing/messaging-database.ts';
import { type Answer, type Services, startServices } from './model/services.ts';
import { createHistoryTables, type OrderState, startHistoryService } from './subscriber/history-service.ts';
import { historyQueue, welcomeQueue } from './subscriber/queues.ts';

let services: Services;
let database: MessagingDatabase;
/** Whether the producer's API is available. */
let isReadable = true;

beforeAll(async () => {
  services = await startServices();
  atEnd(() => services.stop());
  await services.inventoryDb.query(`WITH p AS (INSERT INTO products (sku, name) VALUES ('MUG', 'Mug') RETURNING sku)
    INSERT INTO stock_levels (sku, on_hand) SELECT sku, 1000 FROM p`);
});
beforeEach(async () => {
  isReadable = true;
  database = await createMessagingDatabase();
  await createHistoryTables(database.pool);
  atEnd(() => database.drop());
  // Each test begins with a first start, without the subscription of an earlier test.
  await services.server.withChannel(async (channel) => {
    for (const { name } of await services.server.queues())
      if (name.startsWith('history.')) await channel.deleteQueue(name);
  });
});

const call = (method: string, path: string, body?: object): Promise<Answer> =>
  services.call({
    service: 'orders',
    method,
    path,
    caller: { clientId: 'back-office', group: 'backoffice' },
    requestId: randomUUID(),
    ...(body && { key: randomUUID(), body }),
  });

async function placeOrders(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { status, body } = await call('POST', '/orders', {
      customerId: 'ada',
      currency: 'EUR',
      lines: [{ sku: 'MUG', quantity: 1 }],
    });
    expect(status).toBe(201);
    ids.push(body.id);
  }
  return ids;
}

async function readPage(cursor: string | undefined): Promise<{ items: OrderState[]; nextCursor?: string }> {
  if (!isReadable) throw new Error('the producer is unavailable');
  const { status, body } = await call('GET', `/orders?limit=10${cursor ? `&cursor=${cursor}` : ''}`);
  expect(status).toBe(200);
  return body;
}

async function start() {
  const service = await startHistoryService({ pool: database.pool, brokerUrl: services.server.url, readPage });
  atEnd(() => service.stop());
  return service;
}

/** Resolves when the outbox is empty. */
const published = () =>
  eventually(async () => {
    const { rowCount } = await services.orderDb.query('SELECT FROM outbox_messages LIMIT 1');
    return rowCount === 0 || undefined;
  });

const inHistory = async () =>
  (await database.pool.query<OrderState>('SELECT order_id AS id, status, version FROM order_history ORDER BY 1')).rows;
const atProducer = async () =>
  (await services.orderDb.query<OrderState>('SELECT id, status, version FROM orders ORDER BY 1')).rows;

/** Wait until the history has the current state of every order of the producer. */
async function isComplete(): Promise<void> {
  await published();
  const orders = await atProducer();
  await eventually(async () => {
    expect(await inHistory()).toEqual(orders);
    return true;
  });
}
const caughtUp = () =>
  eventually(async () => (await database.pool.query('SELECT FROM catch_ups')).rowCount === 1 || undefined);

it('has, after its first start, the orders that were published before it subscribed', async () => {
  const placed = await placeOrders(12); // more than a page
  await published();
  await start();
  await isComplete();
  expect((await inHistory()).map(({ id }) => id)).toEqual(expect.arrayContaining(placed));
});

it('gets each event in both of its queues, with one effect in each, however often it is delivered', async () => {
  const service = await start();
  await caughtUp();
  const [id = ''] = await placeOrders(1);
  await call('POST', `/orders/${id}/cancellation`, {});
  await isComplete();
  const welcomes = async () => (await database.pool.query('SELECT order_id FROM welcomes')).rows;
  await eventually(async () => ((await welcomes()).length > 0 ? true : undefined));
  expect((await inHistory()).find((order) => order.id === id)).toMatchObject({ status: 'cancelled', version: 3 });

  const { rows } = await database.pool.query<{ queue: string; message_id: string }>(
    `SELECT queue, message_id FROM inbox_messages WHERE message_id IN
       (SELECT message_id FROM inbox_messages GROUP BY message_id HAVING count(*) = 2) ORDER BY queue`,
  );
  expect(rows.map(({ queue }) => queue)).toEqual([historyQueue.name, welcomeQueue.name]);
  const event = {
    ...{ id: rows[0]?.message_id, type: 'order.placed', version: 1, occurredAt: new Date().toISOString() },
    ...{ producer: 'order-service', correlationId: 'again' },
    payload: {
      ...{ orderId: id, number: 'ORD-1', clientId: 'back-office', version: 1, currency: 'EUR' },
      ...{ lines: [{ sku: 'MUG', quantity: 1 }], placedAt: new Date().toISOString() },
    },
  };
  await services.server.withChannel(async (channel) => {
    channel.publish('order_exchange', 'order.placed.v1', Buffer.from(JSON.stringify(event)));
    await channel.waitForConfirms();
  });
  for (const { name: queue } of [historyQueue, welcomeQueue])
    await eventually(async () => {
      const duplicates = await counted(service.metrics, 'messages_handled_total', { queue, outcome: 'duplicate' });
      return duplicates === 1 || undefined;
    });
  expect(await welcomes()).toEqual([{ order_id: id }]);
  expect((await inHistory()).find((order) => order.id === id)).toMatchObject({ status: 'cancelled', version: 3 });
});

describe('a subscriber that was down until its queue overflowed', () => {
  /** It subscribes, stops, and starts when 25 of 45 events were dropped. Returns the orders of these events. */
  async function missMost(): Promise<string[]> {
    const service = await start();
    await caughtUp();
    await service.stop();
    const placed = await placeOrders(20); // two events each
    for (const id of placed.slice(0, 5)) await call('POST', `/orders/${id}/cancellation`, {});
    await published();
    await eventually(async () => {
      expect(await services.server.depth(historyQueue.name)).toBe(20);
      expect(await services.server.depth(`${historyQueue.name}.dead-letter`)).toBe(25);
      return true;
    });
    return placed;
  }
  const letters = async () =>
    (
      await database.pool.query(
        'SELECT queue, reason, status, discard_reason, actor, count(*)::integer FROM dead_letters GROUP BY 1, 2, 3, 4, 5',
      )
    ).rows;

  it('detects dropped events, and reads their orders from the producer', async () => {
    const placed = await missMost();
    await start();
    await isComplete();
    // The other queue has room for all events and lost none.
    await eventually(async () => {
      const { rows } = await database.pool.query('SELECT order_id FROM welcomes');
      return rows.length === placed.length || undefined;
    });
    await eventually(async () => {
      expect(await letters()).toEqual([
        {
          queue: historyQueue.name,
          reason: 'dropped',
          status: 'discarded',
          discard_reason: 'read from the producer',
          actor: 'history-service',
          count: 25,
        },
      ]);
      return true;
    });
  });

  it('lists the dropped events while the producer is unavailable, and catches up afterwards', async () => {
    await missMost();
    isReadable = false;
    await start();
    await eventually(async () => {
      expect(await letters()).toMatchObject([{ reason: 'dropped', status: 'open', count: 25 }]);
      return true;
    });
    expect(await inHistory()).not.toEqual(await atProducer());
    isReadable = true;
    await isComplete();
    await eventually(async () => {
      expect(await letters()).toMatchObject([{ status: 'discarded', count: 25 }]);
      return true;
    });
  });
});
