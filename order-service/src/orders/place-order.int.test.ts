import { createPool, type Pool } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { faultOfSize } from '@shop/chassis/reliable/messaging/read-delivery.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { allKeys, endLeasesIn, expireLeases } from '@shop/chassis/testing/idempotency-keys.ts';
import { startTcpProxy } from '@shop/chassis/testing/tcp-proxy.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import type pg from 'pg';
import {
  AS_IN_SERVICE,
  anOrder,
  aPlacement,
  createTestSystem,
  get,
  held,
  INTERNAL_TOKEN,
  OTHER_STOREFRONT,
  post,
  refused,
  rows,
  shortage,
  silence,
  type TestSystem,
} from '../../test/test-app.ts';
import { withOrderMetrics } from '../metrics.ts';
import { createInventoryTargets } from '../reservations/inventory-targets.ts';
import { createReservationClient } from '../reservations/reservation-client.ts';
import { placeBatch } from './placement-batch.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

/** SQL as the owner, for what the application role must not do. */
const asOwner = (sql: string) => withClient(system.database.ownerUrl, (client) => client.query(sql));
const countOrders = async () =>
  (await rows<{ count: number }>(system, 'SELECT count(*)::integer AS count FROM orders'))[0]?.count;

/** One that does not wait long for an inventory that is silent. */
const impatient = () => system.another({}, { reservationTimeoutMs: 700 });

describe('POST /orders', () => {
  it('confirms an order whose stock is held', async () => {
    const answer = await post(system.service, '/orders', anOrder());
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/orders/${answer.body.id}`);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      number: expect.stringMatching(/^ORD-[0-9]+$/),
      clientId: 'storefront-1',
      customerId: 'c-1',
      currency: 'EUR',
      lines: [{ sku: 'MUG', quantity: 1, unitPrice: 900 }],
      status: 'confirmed',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: expect.any(String),
      version: 2,
    });
    expect((await get(system.service, `/orders/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it('promises one event for each change of status, with rising versions', async () => {
    const { body } = await post(system.service, '/orders', anOrder());
    const messages = await rows<{ routing_key: string; body: string }>(
      system,
      'SELECT * FROM outbox_messages ORDER BY id',
    );
    expect(messages.map((message) => [message.routing_key, JSON.parse(message.body).payload.version])).toEqual([
      ['order.placed.v1', 1],
      ['order.confirmed.v1', 2],
    ]);
    expect(messages.map((message) => JSON.parse(message.body).payload.number)).toEqual([body.number, body.number]);
  });

  it('confirms the largest order that may be asked for, shows it whole, and its events fit into messages', async () => {
    const lines = Array.from({ length: 1_000 }, (_, n) => ({
      sku: String(n).padStart(64, 'S'),
      quantity: 1_000_000,
      unitPrice: 1_000_000_000,
    }));
    const { status, body } = await post(system.service, '/orders', anOrder({ customerId: '👑'.repeat(50), lines }));
    expect([status, body.lines]).toEqual([201, lines]);
    expect((await get(system.service, `/orders/${body.id}`)).body).toEqual(body);
    const messages = await rows<{ body: string }>(system, 'SELECT body FROM outbox_messages');
    expect(messages.map((message) => faultOfSize(Buffer.from(message.body)))).toEqual([undefined, undefined]);
  });

  it('places many orders of many clients in few batches, each with its own answer', async () => {
    system.peer.decide = (id) => (Number.parseInt(id.at(-1) ?? '0', 16) % 2 ? refused() : held());
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        post(system.service, '/orders', anOrder({ customerId: `c-${n}` }), `key-${n}`),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]));
    const stored = await rows<{ id: string; customer_id: string; status: string }>(system, 'SELECT * FROM orders');
    for (const [n, { status, body }] of answers.entries()) {
      const row = stored.find(({ id }) => id === (body.id ?? body.orderId));
      expect([row?.customer_id, row?.status]).toEqual([`c-${n}`, status === 201 ? 'confirmed' : 'rejected']);
    }
  });
});

describe('a key, by situation', () => {
  it('first use: executed', async () => {
    expect((await post(system.service, '/orders', anOrder(), 'k')).headers['idempotent-replayed']).toBeUndefined();
  });

  it('repeated after completion: the first final status, body and Location again, with Idempotent-Replayed', async () => {
    const first = await post(system.service, '/orders', anOrder(), 'k');
    const second = await post(system.service, '/orders', anOrder(), '"k"');
    expect([second.status, second.text, second.headers.location]).toEqual([
      first.status,
      first.text,
      first.headers.location,
    ]);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(await countOrders()).toBe(1);
  });

  it('repeated while the first has not been answered: 409 with Retry-After; with another payload 422', async () => {
    const hop = Promise.withResolvers<object>();
    system.peer.decide = () => hop.promise;
    const first = post(system.service, '/orders', anOrder(), 'k').then((answer) => answer);
    await eventually(() => system.peer.asked[0]);
    for (const service of [system.service, system.another()]) {
      const twin = await post(service, '/orders', anOrder(), 'k');
      expect([twin.status, twin.body.code, twin.headers['retry-after']]).toEqual([409, 'request-in-progress', '1']);
      const other = await post(service, '/orders', anOrder({ customerId: 'other' }), 'k');
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    }
    hop.resolve(held());
    expect((await first).status).toBe(201);
    expect(system.peer.asked).toHaveLength(1);
  });

  it('repeated after completion by twins at once: all of them get the first answer', async () => {
    const first = await post(system.service, '/orders', anOrder(), 'k');
    const mistaken = post(system.service, '/orders', anOrder({ currency: 'GBP' }), 'k').then((answer) => answer);
    const twins = await Promise.all(Array.from({ length: 20 }, () => post(system.service, '/orders', anOrder(), 'k')));
    for (const twin of twins) expect([twin.status, twin.text]).toEqual([201, first.text]);
    expect((await mistaken).status).toBe(422);
  });

  it('repeated after completion while inventory hangs: the repeat does not wait for the others of its batch', async () => {
    const first = await post(system.service, '/orders', anOrder(), 'k');
    const hop = Promise.withResolvers<object>();
    atEnd(() => hop.resolve(held()));
    system.peer.decide = () => hop.promise;
    let isStuck = true;
    const stuck = post(system.service, '/orders', anOrder(), 'stuck').then(() => {
      isStuck = false;
    });
    const again = await post(system.service, '/orders', anOrder(), 'k');
    expect([again.text, isStuck]).toEqual([first.text, true]);
    hop.resolve(held());
    await stuck;
  });

  it('50 twins in two processes: one order, and every final answer is the same', async () => {
    const services = [system.service, system.another()];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => post(services[n % 2] ?? system.service, '/orders', anOrder(), 'k')),
    );
    const final = answers.filter(({ status }) => status === 201);
    expect(final.length).toBeGreaterThan(0);
    expect(new Set(final.map(({ text }) => text)).size).toBe(1);
    for (const { status, body } of answers)
      expect([201, 409]).toContain(status === 409 && body.code !== 'request-in-progress' ? 0 : status);
    expect(await countOrders()).toBe(1);
  });

  it('order accepted by the time limit, still pending: 202 with the order, at once and in every process', async () => {
    const goesOn = Promise.withResolvers<void>();
    atEnd(() => goesOn.resolve());
    const pool = delaying('apply-transitions', goesOn.promise);
    const first = await post(system.another({ pool }, AS_IN_SERVICE), '/orders', anOrder(), 'k');
    expect([first.status, first.body.status]).toEqual([202, 'pending']);
    for (const service of [system.service, system.another()]) {
      const again = await post(service, '/orders', anOrder(), 'k');
      expect([again.status, again.body, again.headers['idempotent-replayed']]).toEqual([202, first.body, undefined]);
      const other = await post(service, '/orders', anOrder({ customerId: 'other' }), 'k');
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    }
    expect(await allKeys(system.database.pool)).toMatchObject([{ state: 'running', token: 1 }]);
    goesOn.resolve();
    const final = await eventually(async () => {
      const answer = await post(system.service, '/orders', anOrder(), 'k');
      return answer.status === 202 ? undefined : answer;
    });
    expect([final.status, final.body.id, final.headers['idempotent-replayed']]).toEqual([201, first.body.id, 'true']);
  });

  /** The pool, but the named statement begins only then. */
  function delaying(name: string, until: Promise<void>): Pool {
    return new Proxy(system.database.pool, {
      get(target, member) {
        if (member !== 'query') return Reflect.get(target, member);
        return async (statement: { name?: string }, values?: unknown[]) => {
          if (statement.name === name) await until;
          return target.query(statement as pg.QueryConfig, values);
        };
      },
    });
  }

  it('the first process died midway: after the lease a repeat takes over and resumes with the same order id', async () => {
    // The process "dies" after A: a trigger-like fault in B leaves the key running, and nobody gives the lease back.
    system.peer.decide = async () => {
      await asOwner('ALTER TABLE idempotency_keys RENAME TO gone');
      return held();
    };
    const first = await post(system.service, '/orders', anOrder(), 'k');
    await asOwner('ALTER TABLE gone RENAME TO idempotency_keys');
    expect(first.status).toBe(500);
    const [order] = await rows<{ id: string; status: string }>(system, 'SELECT * FROM orders');
    expect(order?.status).toBe('pending');

    system.peer.decide = held;
    const early = await post(system.another(), '/orders', anOrder(), 'k');
    expect([early.status, early.body.code]).toEqual([409, 'request-in-progress']);
    // As if the 2.5 s were over within which every request is answered.
    await endLeasesIn(system.database.pool, 26);
    const meanwhile = await post(system.another(), '/orders', anOrder(), 'k');
    expect([meanwhile.status, meanwhile.body.id, meanwhile.body.status]).toEqual([202, order?.id, 'pending']);
    await expireLeases(system.database.pool);
    const late = await post(system.another(), '/orders', anOrder(), 'k');
    expect([late.status, late.body.id]).toEqual([201, order?.id]);
    expect(await allKeys(system.database.pool)).toMatchObject([{ token: 2 }]);
  });

  it('a process that was overtaken has no effect, and gives the answer that was stored', async () => {
    const frozen = Promise.withResolvers<object>();
    let calls = 0;
    system.peer.decide = () => (++calls === 1 ? frozen.promise : held());
    const slow = post(system.service, '/orders', anOrder(), 'k').then((answer) => answer);
    await eventually(() => system.peer.asked[0]);
    await expireLeases(system.database.pool);
    const taken = await post(system.another(), '/orders', anOrder(), 'k');
    frozen.resolve(refused());
    const late = await slow;
    expect([late.status, late.text]).toEqual([taken.status, taken.text]);
    expect(await rows(system, 'SELECT status, version FROM orders')).toEqual([{ status: 'confirmed', version: 2 }]);
  });

  it('order accepted, still pending: 202 with the order as it is now, without Idempotent-Replayed', async () => {
    system.peer.decide = silence;
    const first = await post(impatient(), '/orders', anOrder(), 'k');
    expect([first.status, first.body.status, first.body.version]).toEqual([202, 'pending', 1]);
    expect([first.headers.location, first.headers['retry-after']]).toEqual([`/orders/${first.body.id}`, '1']);
    const second = await post(system.service, '/orders', anOrder(), 'k');
    expect([second.status, second.text, second.headers['idempotent-replayed']]).toEqual([202, first.text, undefined]);
    const commands = await rows<{ routing_key: string }>(
      system,
      'SELECT routing_key FROM outbox_messages WHERE mandatory',
    );
    expect(commands).toEqual([{ routing_key: 'reservation.requested.v1' }]);
    const timeline = await get(system.service, `/orders/${first.body.id}/timeline`);
    expect(timeline.body.items.map((entry: { type: string }) => entry.type)).toEqual(['placed', 'queued']);
  });

  it('same key, other payload, other endpoint or other target: 422', async () => {
    const { body } = await post(system.service, '/orders', anOrder(), 'k');
    const { body: other } = await post(system.service, '/orders', anOrder(), 'k2');
    const reuses = [
      post(system.service, '/orders', anOrder({ currency: 'GBP' }), 'k'),
      post(system.service, `/orders/${body.id}/cancellation`, {}, 'k'),
    ];
    for (const reuse of await Promise.all(reuses))
      expect([reuse.status, reuse.body.code]).toEqual([422, 'idempotency-key-reused']);
    await post(system.service, `/orders/${body.id}/cancellation`, {}, 'k3');
    const target = await post(system.service, `/orders/${other.id}/cancellation`, {}, 'k3');
    expect([target.status, Object.keys(target.body)]).toEqual([422, expect.not.arrayContaining(['orderId'])]);
  });

  it('does not matter how the same request is written', async () => {
    const first = await post(
      system.service,
      '/orders',
      anOrder({
        lines: [
          { sku: 'A', quantity: 1 },
          { sku: 'B', quantity: 3 },
        ],
      }),
      'k',
    );
    const again = await post(
      system.service,
      '/orders',
      {
        lines: [
          { quantity: 1, sku: 'B' },
          { sku: 'A', quantity: 1 },
          { sku: 'B', quantity: 2 },
        ],
        currency: 'EUR',
        customerId: 'c-1',
      },
      'k',
    ).set('Content-Type', 'application/json; charset=utf-8');
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  it('that names a member twice: the last one counts, for its order and for its key', async () => {
    const twice = '{"customerId":"c-1","currency":"EUR","lines":[{"sku":"MUG","quantity":1,"quantity":2}]}';
    const first = await post(system.service, '/orders', {}, 'k').serialize(() => twice);
    expect([first.status, first.body.lines]).toEqual([201, [{ sku: 'MUG', quantity: 2 }]]);
    const again = await post(system.service, '/orders', anOrder({ lines: [{ sku: 'MUG', quantity: 2 }] }), 'k');
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  it('another client with the same key is another request', async () => {
    const mine = await post(system.service, '/orders', anOrder(), 'k');
    const theirs = await post(system.service, '/orders', anOrder(), 'k', OTHER_STOREFRONT);
    expect([mine.status, theirs.status, mine.body.id === theirs.body.id]).toEqual([201, 201, false]);
  });

  it('business refusal: final, stored and replayed, the same traceId too', async () => {
    system.peer.decide = refused;
    const first = await post(system.service, '/orders', anOrder(), 'k');
    expect([first.status, first.body.code, first.body.lines]).toEqual([409, 'order-rejected', [shortage]]);
    expect(first.headers['content-type']).toContain('application/problem+json');
    system.peer.decide = held;
    const second = await post(system.service, '/orders', anOrder(), 'k');
    expect([second.status, second.text, second.headers['idempotent-replayed']]).toEqual([409, first.text, 'true']);
    const kept = await get(system.service, `/orders/${first.body.orderId}`);
    expect(kept.body).toMatchObject({ status: 'rejected', rejection: { lines: [shortage] } });
  });

  it('any 4xx before business rules: not stored; the key stays free', async () => {
    expect((await post(system.service, '/orders', anOrder({ lines: [] }), 'k')).status).toBe(400);
    expect(
      (await post(system.service, '/orders/01890000-0000-7000-8000-000000000000/cancellation', {}, 'k')).status,
    ).toBe(404);
    expect((await post(system.service, '/orders', anOrder(), 'k')).status).toBe(201);
  });

  it('5xx: not stored; the lease is given back at once; a retry runs again with the same order', async () => {
    system.peer.decide = async () => {
      await asOwner('ALTER TABLE order_timeline RENAME TO gone');
      return held();
    };
    const first = await post(system.service, '/orders', anOrder(), 'k');
    await asOwner('ALTER TABLE gone RENAME TO order_timeline');
    expect([first.status, first.body.code]).toEqual([500, 'internal']);
    expect(first.text).not.toMatch(/order_timeline|relation|sql/i);
    system.peer.decide = held;
    const second = await post(system.service, '/orders', anOrder(), 'k');
    expect([second.status, second.body.id]).toEqual([201, system.peer.asked[0]]);
    expect(await countOrders()).toBe(1);
  });

  it('after retention: the final answer is rebuilt from the order, and another payload is 422', async () => {
    const first = await post(system.service, '/orders', anOrder(), 'k');
    await post(system.service, `/orders/${first.body.id}/cancellation`, { reason: 'late' }, 'k2');
    system.peer.decide = refused;
    const rejected = await post(system.service, '/orders', anOrder(), 'r');
    await asOwner('DELETE FROM idempotency_keys');
    system.peer.decide = held;
    for (const [key, before] of [
      ['k', first],
      ['r', rejected],
    ] as const) {
      const again = await post(system.service, '/orders', anOrder(), key);
      expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([
        before.status,
        before.text,
        'true',
      ]);
      const reuse = await post(system.service, '/orders', anOrder({ currency: 'GBP' }), key);
      expect([reuse.status, reuse.body.code]).toEqual([422, 'idempotency-key-reused']);
    }
    expect(await countOrders()).toBe(2);
    const kept = (await allKeys(system.database.pool)).map(({ key }) => key);
    expect(kept).not.toEqual(expect.arrayContaining(['k']));
    expect(kept).not.toEqual(expect.arrayContaining(['r']));
  });

  it('after retention: the key is not free for another endpoint', async () => {
    const { body } = await post(system.service, '/orders', anOrder(), 'k');
    await asOwner('DELETE FROM idempotency_keys');
    const other = await post(system.service, `/orders/${body.id}/cancellation`, {}, 'k');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('after retention: an old key in a batch does not disturb the others', async () => {
    await post(system.service, '/orders', anOrder(), 'old');
    await asOwner('DELETE FROM idempotency_keys');
    const answers = await Promise.all(
      ['old', 'new-1', 'new-2'].map((key) => post(system.service, '/orders', anOrder(), key)),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await countOrders()).toBe(3);
  });

  it('counts replays on the timeline as one entry, without touching the order', async () => {
    const first = await post(system.service, '/orders', anOrder(), 'k');
    for (let n = 0; n < 3; n += 1) await post(system.service, '/orders', anOrder(), 'k');
    const entry = await eventually(async () => {
      const { body } = await get(system.service, `/orders/${first.body.id}/timeline`);
      return body.items.find(
        (item: { type: string; replays?: number }) => item.type === 'replays' && item.replays === 3,
      );
    });
    expect(entry).toMatchObject({ actor: 'storefront-1', at: expect.any(String) });
    expect((await get(system.service, `/orders/${first.body.id}`)).body).toEqual(first.body);
  });
});

describe('when the database fails', () => {
  it('answers unavailable with Retry-After, and a repeat runs', async () => {
    const network = await startTcpProxy(system.database.url);
    atEnd(() => network.close());
    const pool = createPool(
      { connectionString: network.url, applicationName: 'test', max: 4 },
      createLogger('test', 'silent'),
    );
    atEnd(() => pool.end());
    const service = system.another({ pool });
    network.cut();
    const answer = await post(service, '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'unavailable', '1']);
    network.restore();
    expect((await post(service, '/orders', anOrder(), 'k')).status).toBe(201);
  });

  it('finds its own order when the answer to A was lost', async () => {
    const lossy = losingAnswersOf('insert-placements');
    const answer = await post(system.another({ pool: lossy }), '/orders', anOrder(), 'k');
    expect(answer.status).toBe(201);
    expect(await countOrders()).toBe(1);
  });

  it('gives the stored answer when the answer to B was lost', async () => {
    const lossy = losingAnswersOf('apply-transitions');
    const answer = await post(system.another({ pool: lossy }), '/orders', anOrder(), 'k');
    expect([answer.status, answer.body.status]).toEqual([201, 'confirmed']);
    const again = await post(system.service, '/orders', anOrder(), 'k');
    expect(again.text).toBe(answer.text);
  });

  it('fails those of a batch whose keys were taken when the look at them fails, and no other', async () => {
    await post(system.service, '/orders', anOrder(), 'taken');
    const log = createLogger('test', 'silent');
    const metrics = withOrderMetrics(createMetrics('order-service', 'test'));
    const inventory = createInventoryTargets({
      urls: [system.peer.url],
      internalToken: INTERNAL_TOKEN,
      timeoutMs: 30_000,
      metrics,
      log,
    });
    atEnd(() => inventory.close());
    const reservations = createReservationClient({ inventory, metrics, log });
    const pool = losingAnswersOf('read-keys');
    const deps = { pool, requestPool: pool, reservations, metrics, log, now: () => new Date(), wakeRelay: () => {} };
    const [taken, free] = await placeBatch({ ...deps, reservationTimeoutMs: 30_000 }, [
      aPlacement('taken'),
      aPlacement('free'),
    ]);
    expect([taken?.status, free]).toMatchObject([
      'rejected',
      { status: 'fulfilled', value: { reply: { status: 201 } } },
    ]);
  });

  /** The pool, but the connection breaks right after the first commit of the named statement. */
  function losingAnswersOf(name: string): Pool {
    let lost = false;
    return new Proxy(system.database.pool, {
      get(target, member) {
        if (member !== 'query') return Reflect.get(target, member);
        return async (statement: { name?: string }, values?: unknown[]) => {
          const result = await target.query(statement as pg.QueryConfig, values);
          if (statement.name !== name || lost) return result;
          lost = true;
          throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
        };
      },
    });
  }

  it('accepts the orders of a batch that inventory could not decide, and decides the others', async () => {
    const few = new Set<number>([1, 4]);
    let asked = 0;
    system.peer.decide = () => (few.has(asked++) ? { state: 'undecided' } : held());
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => post(system.service, '/orders', anOrder(), `k${n}`)),
    );
    const pending = answers.filter(({ status }) => status === 202).map(({ body }) => body.id);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    expect(pending.sort()).toEqual([...few].map((n) => system.peer.asked[n]).sort());
    const requested = await rows<{ subject_id: string }>(
      system,
      "SELECT subject_id FROM outbox_messages WHERE routing_key = 'reservation.requested.v1'",
    );
    expect(requested.map((row) => row.subject_id).sort()).toEqual(pending);
  });

  it('answers within 2.5 s when inventory hangs, and 202 is a true answer', async () => {
    system.peer.decide = silence;
    const before = performance.now();
    const answer = await post(system.another({}, AS_IN_SERVICE), '/orders', anOrder(), 'k');
    expect(answer.status).toBe(202);
    expect(performance.now() - before).toBeLessThan(2_500);
    expect(await countOrders()).toBe(1);
  });
});

describe('a stalled inventory', () => {
  it('costs nobody a 503: those that keep coming are all accepted in time', async () => {
    // All of it takes four times as long as with the service's own limits, so that statements of a busy machine fit too.
    const { answerWithinMs, maxExpectedWaitMs, reservationTimeoutMs } = AS_IN_SERVICE;
    const service = system.another(
      {},
      {
        answerWithinMs: 4 * answerWithinMs,
        maxExpectedWaitMs: 4 * maxExpectedWaitMs,
        reservationTimeoutMs: 4 * reservationTimeoutMs,
      },
    );
    system.peer.decide = silence;
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 4 * 33));
        return post(service, '/orders', anOrder(), `stalled-${n}`);
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  });
});

describe('the breaker', () => {
  it('opens on the first call without an answer, so that the next order is accepted without a call', async () => {
    const service = impatient();
    system.peer.decide = silence;
    await post(service, '/orders', anOrder());
    const asked = system.peer.asked.length;
    expect((await post(service, '/orders', anOrder())).status).toBe(202);
    expect(system.peer.asked).toHaveLength(asked);
  });

  it('closes again when inventory answers', async () => {
    const service = impatient();
    system.peer.decide = silence;
    await post(service, '/orders', anOrder());
    system.peer.decide = held;
    await eventually(async () => ((await post(service, '/orders', anOrder())).status === 201 ? true : undefined));
  });
});
