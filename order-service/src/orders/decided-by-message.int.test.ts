/** Orders that are decided by message: replies of inventory-service, and the completer that asks for them. */

import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { overtakeLeases } from '@shop/chassis/testing/idempotency-keys.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  anOrder,
  createTestSystem,
  held,
  type OrderService,
  post,
  refused,
  rows,
  shortage,
  type TestSystem,
  undecided,
} from '../../test/test-app.ts';
import { applyReservationResults, type ReservationReply } from './apply-reservation-results.ts';
import { askAgain, askSoon, pendingOrders, startCompleter } from './completer.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

async function pendingOrder(key = uuidv7()): Promise<string> {
  system.peer.decide = undecided;
  const { body } = await post(system.service, '/orders', anOrder(), key);
  system.peer.decide = held;
  return body.id;
}
const reply = (type: ReservationReply['type'], reservationId: string, more: object = {}) =>
  ({
    id: uuidv7(),
    type,
    version: 1,
    occurredAt: new Date().toISOString(),
    producer: 'inventory-service',
    correlationId: 'c'.repeat(32),
    payload: { reservationId, ...more },
  }) as ReservationReply;
const apply = async (...messages: ReservationReply[]) => {
  const replies = messages.map((message) => ({ message }));
  const { outcomes } = await inTransaction(system.database.pool, (trx) =>
    applyReservationResults(trx, replies, new Date()),
  );
  return outcomes;
};
const statusOf = async (id: string) =>
  (await rows<{ status: string }>(system, 'SELECT status FROM orders WHERE id = $1', [id]))[0]?.status;
const commands = () =>
  rows<{ routing_key: string; message_id: string; subject_id: string }>(
    system,
    'SELECT * FROM outbox_messages WHERE mandatory ORDER BY id',
  );
const unsent = () => rows(system, 'DELETE FROM outbox_messages');
const dueNow = () => rows(system, 'UPDATE orders SET ask_at = now() WHERE awaiting IS NOT NULL');

describe('a reply', () => {
  it('held: confirms the order and completes its key', async () => {
    const id = await pendingOrder('k');
    expect(await apply(reply('reservation.held', id))).toEqual(['handled']);
    const answer = await post(system.service, '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.status, answer.headers['idempotent-replayed']]).toEqual([
      201,
      'confirmed',
      'true',
    ]);
    expect(answer.headers.location).toBe(`/orders/${id}`);
  });

  it('rejected: rejects the order with its shortages', async () => {
    const id = await pendingOrder('k');
    await apply(reply('reservation.rejected', id, { reason: 'insufficient-stock', shortages: [shortage] }));
    const answer = await post(system.service, '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.code, answer.body.lines]).toEqual([409, 'order-rejected', [shortage]]);
  });

  it('completes the key of a request that is still running, whoever holds its lease', async () => {
    const hop = Promise.withResolvers<object>();
    system.peer.decide = () => hop.promise;
    const running = post(system.service, '/orders', anOrder(), 'k').then((answer) => answer);
    while (!system.peer.asked[0]) await new Promise((resolve) => setImmediate(resolve));
    await apply(reply('reservation.held', system.peer.asked[0]));
    hop.resolve(refused());
    const answer = await running;
    expect([answer.status, answer.body.status]).toEqual([201, 'confirmed']);
  });

  /** A process whose first look at keys or orders is followed, before its second one, by `change`. */
  function lookingTwice(change: () => Promise<unknown>): OrderService {
    let looks = 0;
    const query = async (...args: Parameters<Pool['query']>) => {
      const result = await system.database.pool.query(...args);
      const { name = '' } = args[0] as { name?: string };
      if ((name === 'read-keys' || name === 'find-orders') && ++looks === 1) await change();
      return result;
    };
    const pool = Object.assign(Object.create(system.database.pool), { query }) as Pool;
    return system.another({ pool });
  }

  it('between the two looks of a process that was overtaken: it gives the stored answer', async () => {
    let id = '';
    const slow = lookingTwice(() => apply(reply('reservation.held', id)));
    system.peer.decide = async (asked) => {
      id = asked;
      await overtakeLeases(system.database.pool);
      return held();
    };
    const answer = await post(slow, '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.status]).toEqual([201, 'confirmed']);
  });

  it('between the two looks of a repeat: 202 never shows an order that is decided', async () => {
    const id = await pendingOrder('k');
    const repeating = lookingTwice(() => apply(reply('reservation.held', id)));
    const answer = await post(repeating, '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.status]).toEqual([201, 'confirmed']);
  });

  it('twice, in one batch and in two: one event, one version', async () => {
    const id = await pendingOrder();
    await apply(reply('reservation.held', id), reply('reservation.held', id));
    await apply(reply('reservation.held', id));
    expect(await rows(system, 'SELECT version FROM orders')).toEqual([{ version: 2 }]);
    expect(await rows(system, "SELECT FROM outbox_messages WHERE routing_key = 'order.confirmed.v1'")).toHaveLength(1);
  });

  it('after a cancel: a late held changes nothing, for the cancel has written its release', async () => {
    const id = await pendingOrder();
    await post(system.service, `/orders/${id}/cancellation`, {});
    expect(
      await apply(reply('reservation.held', id), reply('reservation.rejected', id, { reason: 'released' })),
    ).toEqual(['handled', 'handled']);
    expect(await statusOf(id)).toBe('cancelled');
    expect((await commands()).map(({ routing_key }) => routing_key)).toEqual([
      'reservation.requested.v1',
      'reservation.release.v1',
    ]);
  });

  it('against a cancel at the same time: exactly one of them leaves pending, and both agree about it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await pendingOrder(`k-${round}`);
      const [cancellation] = await Promise.all([
        post(system.service, `/orders/${id}/cancellation`, {}),
        apply(reply('reservation.held', id)),
      ]);
      expect(cancellation.status).toBe(200);
      const first = await post(system.service, '/orders', anOrder(), `k-${round}`);
      const [order] = await rows<{ first_outcome: string }>(system, 'SELECT first_outcome FROM orders WHERE id = $1', [
        id,
      ]);
      expect([first.status, order?.first_outcome]).toEqual(
        first.status === 201 ? [201, 'confirmed'] : [409, 'cancelled'],
      );
    }
  });

  it('released and fulfilled: end the wait that they answer, and no other', async () => {
    const { body } = await post(system.service, '/orders', anOrder());
    await post(system.service, `/orders/${body.id}/cancellation`, {});
    await apply(reply('reservation.fulfilled', body.id));
    expect(await rows(system, 'SELECT awaiting FROM orders')).toEqual([{ awaiting: 'release' }]);
    await apply(reply('reservation.released', body.id));
    expect(await rows(system, 'SELECT awaiting, ask_at FROM orders')).toEqual([{ awaiting: null, ask_at: null }]);
  });

  it('that cannot be true is set aside, and the others of its batch have their effect', async () => {
    const id = await pendingOrder();
    const outcomes = await apply(
      reply('reservation.held', '01890000-0000-7000-8000-000000000000'),
      reply('reservation.released', '01890000-0000-7000-8000-000000000000'),
      reply('reservation.rejected', id, { reason: 'released' }),
      reply('reservation.held', id),
    );
    expect(outcomes).toMatchObject([
      { deadLetter: 'order-not-found' },
      'handled',
      { deadLetter: 'released-while-pending' },
      'handled',
    ]);
    expect(await statusOf(id)).toBe('confirmed');
  });
});

describe('the completer', () => {
  it('asks for an order whose placing died after A, and tells its timeline', async () => {
    const hop = Promise.withResolvers<object>();
    system.peer.decide = () => hop.promise;
    const running = post(system.service, '/orders', anOrder()).then((answer) => answer);
    while (!system.peer.asked[0]) await new Promise((resolve) => setImmediate(resolve));
    await askAgain(system.database.pool, new Date());
    expect(await commands()).toEqual([]);
    await dueNow();
    await askAgain(system.database.pool, new Date());
    expect((await commands()).map(({ routing_key }) => routing_key)).toEqual(['reservation.requested.v1']);
    expect(
      (await rows<{ type: string }>(system, 'SELECT type FROM order_timeline ORDER BY id')).map(({ type }) => type),
    ).toEqual(['placed', 'queued']);
    hop.resolve(held());
    await running;
  });

  it('asks again under a new message id when an answer stays away, but never while a command is unsent', async () => {
    await pendingOrder();
    const [first] = await commands();
    await dueNow();
    await askAgain(system.database.pool, new Date());
    expect(await commands()).toHaveLength(1);
    await unsent();
    await dueNow();
    await askAgain(system.database.pool, new Date());
    const [second] = await commands();
    expect(second).toMatchObject({ routing_key: 'reservation.requested.v1', subject_id: first?.subject_id });
    expect(second?.message_id).not.toBe(first?.message_id);
  });

  it('waits 30 s, then twice as long each time, up to 10 minutes', async () => {
    await pendingOrder();
    const waits: number[] = [];
    for (let ask = 0; ask < 7; ask += 1) {
      const [row] = await rows<{ wait: number }>(
        system,
        'SELECT round(extract(epoch FROM ask_at - now()))::integer AS wait FROM orders',
      );
      waits.push(row?.wait ?? 0);
      await unsent();
      await dueNow();
      await askAgain(system.database.pool, new Date());
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
  });

  it('asks for a missing release and a missing fulfilment, too', async () => {
    const { body: cancelled } = await post(system.service, '/orders', anOrder());
    await post(system.service, `/orders/${cancelled.id}/cancellation`, {});
    await unsent();
    await dueNow();
    await askAgain(system.database.pool, new Date());
    expect(await commands()).toMatchObject([{ routing_key: 'reservation.release.v1', subject_id: cancelled.id }]);
  });

  it('in two processes at once asks once', async () => {
    for (let n = 0; n < 5; n += 1) await pendingOrder();
    await unsent();
    await dueNow();
    await Promise.all([askAgain(system.database.pool, new Date()), askAgain(system.database.pool, new Date())]);
    const asked = (await commands()).map(({ subject_id }) => subject_id);
    expect([asked.length, new Set(asked).size]).toEqual([5, 5]);
  });

  it('makes all that wait due within 30 s when the breaker closes', async () => {
    await pendingOrder();
    await rows(system, "UPDATE orders SET ask_at = now() + interval '10 minutes'");
    await askSoon(system.database.pool);
    expect(await rows(system, "SELECT FROM orders WHERE ask_at <= now() + interval '30 seconds'")).toHaveLength(1);
  });

  it('counts what is pending', async () => {
    await pendingOrder();
    expect(await pendingOrders(system.database.pool)).toEqual({ count: 1, oldestSeconds: expect.any(Number) });
  });
});

describe('a completer that is stopped in a backlog', () => {
  it('ends with its batch, and leaves the rest to others', async () => {
    await rows(
      system,
      `WITH placed AS (
         INSERT INTO orders (id, client_id, customer_id, currency, status, idempotency_key, fingerprint, created_at,
                             updated_at, awaiting, ask_at)
         SELECT gen_random_uuid(), 'storefront-1', 'c', 'EUR', 'pending', 'k' || n, '', now(), now(), 'reservation', now()
         FROM generate_series(1, 1000) AS n RETURNING id
       ), detailed AS (
         INSERT INTO order_lines (order_id, position, sku, quantity) SELECT id, 0, 'MUG', 1 FROM placed
       )
       INSERT INTO order_timeline (order_id, type, at, actor, correlation_id)
       SELECT id, 'placed', now(), 'storefront-1', 'c' FROM placed`,
    );
    const { promise: stopped, resolve } = Promise.withResolvers<Promise<void>>();
    const completer = startCompleter({
      pool: system.database.pool,
      metrics: system.service.metrics,
      log: createLogger('test', 'silent'),
      now: () => new Date(),
      wakeRelay: () => resolve(completer.stop()), // after its first batch
    });
    await stopped.then((end) => end);
    const [asked] = await rows<{ count: number }>(
      system,
      'SELECT count(*)::integer AS count FROM orders WHERE ask_at > now()',
    );
    expect(asked?.count).toBe(200);
  });
});
