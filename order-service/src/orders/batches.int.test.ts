/** What the members of one batch cost each other: statements, and what is counted of them. */
import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { takeAnswersAway } from '@shop/chassis/testing/idempotency-keys.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import type pg from 'pg';
import { aPlacement, createTestSystem, type TestSystem } from '../../test/test-app.ts';
import { withOrderMetrics } from '../metrics.ts';
import type { ReservationResult } from '../reservations/reservation-client.ts';
import { type PlacementAnswer, type PlacementDeps, placeBatch } from './placement-batch.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

const asOwner = (sql: string) => withClient(system.database.ownerUrl, (client) => client.query(sql));
const held = (id: string): ReservationResult => ({ id, state: 'held' });
const manyKeys = (count: number, prefix = 'k') => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Places batches, and notes the name of every statement, by where it ran. */
function aProcess({ isInventoryThere = true, loses }: { isInventoryThere?: boolean; loses?: string } = {}) {
  const statements = { batch: [] as string[], requests: [] as string[] };
  const texts = new Map<string, string>();
  const metrics = withOrderMetrics(createMetrics('order-service', 'test'));
  let lost = false;
  /** The pool; the connection breaks right after the first commit of the statement with the name `loses`. */
  const noting = (names: string[]) =>
    new Proxy(system.database.pool, {
      get(target, member) {
        if (member !== 'query') return Reflect.get(target, member);
        return async (statement: pg.QueryConfig | string, values?: unknown[]) => {
          const name = typeof statement === 'string' ? 'unnamed' : (statement.name ?? 'unnamed');
          names.push(name);
          if (typeof statement !== 'string') texts.set(name, statement.text);
          const result = await target.query(statement as pg.QueryConfig, values);
          if (name !== loses || lost) return result;
          lost = true;
          throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
        };
      },
    });
  const deps: PlacementDeps = {
    pool: noting(statements.batch),
    requestPool: noting(statements.requests) as Queryable,
    reservations: {
      reserve: async (requests) => (isInventoryThere ? requests.map(({ id }) => held(id)) : undefined),
    },
    metrics,
    log: createLogger('test', 'silent'),
    now: () => new Date(),
    wakeRelay: () => {},
    reservationTimeoutMs: 700,
  };
  return {
    async place(keys: readonly string[]): Promise<PlacementAnswer[]> {
      const results = await placeBatch(deps, keys.map(aPlacement));
      return results.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },
    textOf: (name: string) => texts.get(name) ?? '',
    takeStatements: () => ({ batch: statements.batch.splice(0), requests: statements.requests.splice(0) }),
    async ordersTotal() {
      const { values } = await metrics.ordersTotal.get();
      return Object.fromEntries(values.flatMap(({ labels, value }) => (value > 0 ? [[labels.outcome, value]] : [])));
    },
  };
}
const tally = (values: readonly unknown[]) =>
  values.reduce<Record<string, number>>((count, value) => {
    count[String(value)] = (count[String(value)] ?? 0) + 1;
    return count;
  }, {});

describe('a batch', () => {
  it('costs two more statements for repeats past their retention, and the others none', async () => {
    const process = aProcess();
    const [first] = await process.place(['old', 'older']);
    await asOwner('DELETE FROM idempotency_keys');
    process.takeStatements();
    const answers = await process.place([...manyKeys(31), 'old', 'older', ...manyKeys(31, 'l')]);
    expect(process.takeStatements()).toEqual({
      batch: ['insert-placements', 'read-keys', 'apply-transitions'],
      requests: ['find-orders-by-keys'],
    });
    expect(tally(answers.map(({ result }) => result))).toEqual({ executed: 62, replayed: 2 });
    expect(answers[31]?.reply).toEqual(first?.reply);
    expect(new Set(answers.map(({ reply }) => reply.status))).toEqual(new Set([201]));
  });

  it('looks for the orders of its keys by the index of the keys, planned while there are none', async () => {
    const process = aProcess();
    await process.place(['k']);
    await asOwner('DELETE FROM idempotency_keys');
    await process.place(['k']);
    await system.database.truncate();
    for (const name of ['insert-placements', 'find-orders-by-keys']) {
      const { rows } = await system.database.pool.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${process.textOf(name)}`);
      const plan = JSON.stringify(rows);
      expect([name, plan.includes('orders_idempotency_key_key')]).toEqual([name, true]);
      expect([name, plan.includes('orders_client_idx')]).toEqual([name, false]);
    }
  });

  it('costs three statements when all 64 are repeats of a 202, one of them among the requests', async () => {
    const process = aProcess({ isInventoryThere: false });
    const first = await process.place(manyKeys(64));
    process.takeStatements();
    const again = await process.place(manyKeys(64));
    expect(process.takeStatements()).toEqual({
      batch: ['insert-placements', 'read-keys'],
      requests: ['find-orders-by-keys'],
    });
    expect(again.map(({ reply }) => reply)).toEqual(first.map(({ reply }) => reply));
    expect(tally(again.map(({ result }) => result))).toEqual({ in_progress: 64 });
    expect(await process.ordersTotal()).toEqual({ queued: 64 });
  });

  it('costs two more statements when all 64 take over from a process that died', async () => {
    await aProcess().place(manyKeys(64));
    await asOwner(`
      UPDATE orders SET status = 'pending', first_outcome = NULL, version = 1, awaiting = 'reservation', ask_at = now()`);
    await takeAnswersAway(system.database.pool);
    const process = aProcess();
    const answers = await process.place(manyKeys(64));
    expect(process.takeStatements()).toEqual({
      batch: ['insert-placements', 'read-keys', 'find-orders', 'take-over', 'apply-transitions'],
      requests: [],
    });
    expect(tally(answers.map(({ result, reply }) => `${result} ${reply.status}`))).toEqual({ 'taken_over 201': 64 });
  });
});

describe('what is counted', () => {
  it.each(['insert-placements', 'apply-transitions'])(
    'counts each order once when the answer to %s is lost',
    async (loses) => {
      const process = aProcess({ loses });
      const answers = await process.place(manyKeys(8));
      expect(tally(answers.map(({ result, reply }) => `${result} ${reply.status}`))).toEqual({ 'executed 201': 8 });
      expect(await process.ordersTotal()).toEqual({ confirmed: 8 });
    },
  );

  it('counts each queued order once when the answer to queue-reservations is lost', async () => {
    const process = aProcess({ isInventoryThere: false, loses: 'queue-reservations' });
    const answers = await process.place(manyKeys(8));
    expect(tally(answers.map(({ result, reply }) => `${result} ${reply.status}`))).toEqual({ 'executed 202': 8 });
    expect(await process.ordersTotal()).toEqual({ queued: 8 });
  });
});
