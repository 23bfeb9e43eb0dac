/** The result of each crash and loss in the table of the README (under "How it works"), tested with real processes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { readQueue } from '@shop/chassis/testing/read-queue.ts';
import amqplib from 'amqplib';
import type pg from 'pg';
import { anOrderOf, finalAnswer, type System, startSystem, withKey } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterEach(async () => {
  for (const part of ['order', 'inventory', 'broker']) await system.control('start', part);
  await system.healthy();
});

async function orderOf(sku: string): Promise<{ id: string; status: string; first_outcome: string | null } | undefined> {
  const { rows } = await system.orderDb.query(
    'SELECT o.* FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE l.sku = $1',
    [sku],
  );
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0];
}
const outboxSize = async () =>
  (await system.orderDb.query('SELECT count(*)::integer AS count FROM outbox_messages')).rows[0].count;
const nothingWaits = () =>
  eventually(async () =>
    (await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL')).rowCount === 0 ? true : undefined,
  );

/** Hold a lock on a row until it is released. */
async function lockRow(pool: pg.Pool, sql: string, value: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(sql, [value]);
  return async () => {
    await client.query('ROLLBACK');
    client.release();
  };
}
/** Place an order. A busy machine may answer 503 `overloaded`: nothing was done, and the client sends the same request again. */
const place = (sku: string, key: ReturnType<typeof withKey>) =>
  eventually(async () => {
    const answer = await system.storefront('POST', '/orders', anOrderOf(sku), key);
    return answer.status === 503 && answer.body.code === 'overloaded' ? undefined : answer;
  });
const lockStock = (sku: string) =>
  lockRow(system.inventoryDb, 'SELECT FROM stock_levels WHERE sku = $1 FOR UPDATE', sku);

describe('a crash or loss', () => {
  it('after A, before 2 or B: the completer sends the command, and the key is completed', async () => {
    const sku = await system.product(3);
    await system.control('pause', 'inventory');
    const lost = system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku)).catch(() => undefined);
    const pending = await eventually(() => orderOf(sku));
    await system.control('kill', 'order');
    await lost;
    await system.control('resume', 'inventory');
    await system.control('start', 'order');
    const answer = await finalAnswer(system, anOrderOf(sku), sku);
    expect([answer.status, answer.body.id]).toEqual([201, pending.id]);
    expect((await system.stock(sku)).reserved).toBe(1);
  });

  it('inventory reserved, its answer was lost: the command is repeated with the same id, and nothing is reserved twice', async () => {
    const sku = await system.product(3);
    const unlockStock = await lockStock(sku);
    const lost = system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku)).catch(() => undefined);
    const { id } = await eventually(() => orderOf(sku));
    const unlockOrder = await lockRow(system.orderDb, 'SELECT FROM orders WHERE id = $1 FOR UPDATE', id);
    await unlockStock();
    await eventually(async () => ((await system.stock(sku)).reserved === 1 ? true : undefined));
    await system.control('kill', 'order');
    await lost;
    // PostgreSQL would finish B although the client is dead, so its session is ended before B.
    await system.orderDb.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'order-service'",
    );
    await unlockOrder();
    expect((await orderOf(sku))?.status).toBe('pending');
    await system.control('start', 'order');
    const answer = await finalAnswer(system, anOrderOf(sku), sku);
    expect([answer.status, answer.body.id]).toEqual([201, id]);
    expect((await system.stock(sku)).reserved).toBe(1);
  });

  it('broker down: rows stay in the outbox, and synchronous orders still get 201', async () => {
    const sku = await system.product(1_000);
    await system.control('kill', 'broker');
    const answers: Record<number, number> = {};
    // 202 is a valid answer too if inventory-service is slow or its breaker is open; such an order waits for the
    // broker.
    await eventually(async () => {
      const { status } = await system.storefront('POST', '/orders', anOrderOf(sku), withKey());
      answers[status] = (answers[status] ?? 0) + 1;
      return answers[201] === 10 || undefined;
    });
    expect(Object.keys(answers).filter((status) => !['201', '202'].includes(status))).toEqual([]);
    expect(await outboxSize()).toBeGreaterThanOrEqual(20);
    await system.control('start', 'broker');
    await eventually(async () => ((await outboxSize()) === 0 ? true : undefined));
  });

  it('broker and inventory down while orders arrive: all are accepted, and all are decided once both are back', async () => {
    const sku = await system.product(15);
    await system.control('kill', 'broker');
    await system.control('kill', 'inventory');
    const keys = Array.from({ length: 30 }, (_, n) => `${sku}-${n}`);
    const answers = await Promise.all(keys.map((key) => place(sku, withKey(key))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await system.control('start', 'broker');
    await system.control('start', 'inventory');
    const finals = await Promise.all(keys.map((key) => finalAnswer(system, anOrderOf(sku), key, 60_000)));
    expect(finals.filter(({ status }) => status === 201)).toHaveLength(15);
    expect(finals.filter(({ body }) => body.code === 'order-rejected')).toHaveLength(15);
    expect((await system.stock(sku)).reserved).toBe(15);
  });

  it('crash between commit and publish: another process publishes the event', async () => {
    const sku = await system.product(1);
    await system.control('pause', 'broker');
    const placed = await system.storefront('POST', '/orders', anOrderOf(sku), withKey());
    expect([201, 202]).toContain(placed.status);
    await system.control('kill', 'order');
    await system.control('resume', 'broker');
    const connection = await amqplib.connect(system.env.RABBITMQ_URL ?? '');
    atEnd(() => connection.close());
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'order_exchange', '#');
    const received: string[] = [];
    await channel.consume(
      queue,
      (message) => {
        const event = JSON.parse(message?.content.toString() ?? '{}');
        if (event.payload?.orderId === placed.body.id) received.push(event.type);
      },
      { noAck: true },
    );
    await system.control('start', 'order');
    await eventually(() =>
      received.includes('order.placed') && received.includes('order.confirmed') ? true : undefined,
    );
  });

  it('broker killed and restarted while it confirms: every event arrives', async () => {
    const sku = await system.product(100_000);
    const queue = `test.${sku}`;
    const connection = await amqplib.connect(system.env.RABBITMQ_URL ?? '');
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(queue, 'order_exchange', '#');
    await connection.close();
    // RabbitMQ 3.10 persists the name of a new queue only after half a second in which no queue was created or queried.
    // A queue that was created right before a busy broker was killed exists afterwards, but never receives a message.
    await sleep(2_000);

    const expected: string[] = [];
    let isOver = false;
    // No pause while the broker stops; a pause while it starts, because the clients would use its CPU time.
    let pauseMs = 0;
    async function placeOrders(): Promise<void> {
      let key = withKey();
      while (!isOver) {
        await sleep(pauseMs);
        const { status, body, text } = await place(sku, key);
        expect(`${status} ${text}`).toMatch(/^20[12] /);
        key = withKey();
        expected.push(`${body.id} order.placed`, `${body.id} order.confirmed`);
      }
    }
    const clients = Promise.all([placeOrders(), placeOrders()]);
    atEnd(async () => {
      isOver = true;
      await clients.catch(() => {}); // the test has reported it already
    });
    const more = (count: number) => {
      const enough = expected.length + count;
      return eventually(() => expected.length >= enough || undefined);
    };
    for (const end of ['kill', 'stop'] as const) {
      await more(50);
      await system.control(end, 'broker');
      await more(50);
      pauseMs = 20;
      await system.control('start', 'broker');
      await system.healthy();
      pauseMs = 0;
    }
    await more(50);
    isOver = true;
    await clients;

    const eventOf = (body: string): string => {
      const { type, payload } = JSON.parse(body);
      return `${payload.orderId} ${type}`;
    };
    let missing = expected;
    const isAll = (bodies: readonly string[]) => {
      const received = new Set(bodies.map(eventOf));
      missing = expected.filter((event) => !received.has(event));
      return missing.length === 0;
    };
    await readQueue(system.env.RABBITMQ_URL ?? '', queue, 60_000, isAll).catch((error: Error) => {
      throw new Error(`${missing.length} of ${expected.length} missing: ${missing[0]}`, { cause: error });
    });
  });

  it('order-service down: the pages of its problems and of the documents are served', async () => {
    await system.control('kill', 'order');
    for (const path of ['/docs', '/docs/problems', '/docs/problems/order-rejected', '/docs/inventory.json']) {
      expect([path, (await fetch(`${system.env.BASE_URL}${path}`)).status]).toEqual([path, 200]);
    }
    await system.control('start', 'order');
  });

  it('cancel overtakes a queued request: nothing stays reserved, and the first request gets 409', async () => {
    const sku = await system.product(3);
    await system.control('kill', 'inventory');
    const accepted = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku));
    expect(accepted.status).toBe(202);
    const cancelled = await system.storefront('POST', `/orders/${accepted.body.id}/cancellation`, {}, withKey());
    expect(cancelled.body.status).toBe('cancelled');
    await system.control('start', 'inventory');
    await nothingWaits();
    expect((await finalAnswer(system, anOrderOf(sku), sku)).body.code).toBe('order-cancelled');
    expect((await system.stock(sku)).reserved).toBe(0);
  });

  it('a reservation.* message was lost: its answer is missing, so the completer sends it again', async () => {
    const sku = await system.product(3);
    await system.control('kill', 'inventory');
    const accepted = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku));
    expect(accepted.status).toBe(202);
    await eventually(async () => ((await outboxSize()) === 0 ? true : undefined));
    const connection = await amqplib.connect(system.env.RABBITMQ_URL ?? '');
    atEnd(() => connection.close());
    const channel = await connection.createChannel();
    const purged = await eventually(async () => {
      const { messageCount } = await channel.purgeQueue('inventory.reservations');
      return messageCount > 0 ? messageCount : undefined;
    });
    expect(purged).toBe(1);
    await system.control('start', 'inventory');
    // As if the 30 s before the repeat were over.
    await system.orderDb.query('UPDATE orders SET ask_at = now() WHERE awaiting IS NOT NULL');
    expect((await finalAnswer(system, anOrderOf(sku), sku)).status).toBe(201);
  });

  it('order-service killed repeatedly under load: every key has one final answer', async () => {
    const sku = await system.product(1_000);
    const keys = Array.from({ length: 120 }, (_, n) => `${sku}-${n}`);
    const load = Promise.all(keys.map((key) => finalAnswer(system, anOrderOf(sku), key, 90_000)));
    for (const part of ['order-1', 'order-2', 'order-1']) {
      await system.control('kill', part);
      await system.control('start', part);
    }
    const finals = await load;
    expect(new Set(finals.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(finals.map(({ body }) => body.id)).size).toBe(120);
    await nothingWaits();
    expect((await system.stock(sku)).reserved).toBe(120);
  });

  it('a database that is down: 503 unavailable with Retry-After, and orders again when it is back', async () => {
    const sku = await system.product(2);
    await system.control('kill', 'order-db');
    const refused = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(sku));
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await system.anonymous('GET', '/health/orders')).body.status).toBe('down');
    await system.control('start', 'order-db');
    expect((await finalAnswer(system, anOrderOf(sku), sku)).status).toBe(201);
  });
});
