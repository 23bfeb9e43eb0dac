import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aReservation,
  get,
  type InventoryService,
  OPERATIONS,
  post,
  reserve,
  startInventoryService,
  startOnOwnDatabase,
  stock,
} from '../../test/test-app.ts';
import { changeReservations } from '../reservations/change-reservations.ts';
import { mismatchKinds } from './compare-sums.ts';

let database: TestDatabase;
let service: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const path = '/operations/inventory/reconciliation';
/** One that takes longer is answered with 202 first; a repeat gets its end. */
const reconcile = async (key: string = uuidv7()) => {
  const answer = await eventually(async () => {
    const { status, body } = await post(service, path, {}, { key, as: OPERATIONS });
    return status === 202 ? undefined : { status, body };
  });
  expect(answer.status).toBe(200);
  return answer.body;
};
/** What no application could do: the role has no such right. */
const falsify = (sql: string) => withClient(database.ownerUrl, (client) => client.query(sql));
/** The gauge follows the result, which a client may read first. */
const gaugeShows = (kind: string, count: number) =>
  eventually(async () => {
    expect(await counted(service.metrics, 'reconcile_mismatches', { kind })).toBe(count);
    return true;
  });
const end = (kind: 'release' | 'fulfil', id: string) =>
  changeReservations(database.pool, [{ kind, id, cause: { correlationId: 'c' } }], new Date());

async function aHistory() {
  await stock(service, 'CUP', 5);
  await stock(service, 'MUG', 10);
  const reservations = [1, 2, 3].map((quantity) => aReservation({ sku: 'MUG', quantity }, { sku: 'CUP', quantity: 1 }));
  await reserve(service, reservations).expect(200);
  const [first, second] = reservations.map(({ id }) => id);
  await end('release', first ?? '');
  await end('fulfil', second ?? '');
}

describe('POST /operations/inventory/reconciliation', () => {
  it('finds that the sums of an honest history agree', async () => {
    await aHistory();
    const run = await reconcile();
    expect(run).toMatchObject({
      status: 'finished',
      requestedBy: 'operations-1',
      checked: { products: 2, movements: 12, heldLines: 2 },
      total: 0,
      mismatches: [],
    });
    for (const kind of mismatchKinds) await gaugeShows(kind, 0);
  });

  it.each([
    [
      'a level that somebody wrote',
      `UPDATE stock_levels SET on_hand = 11 WHERE sku = 'MUG'`,
      [{ kind: 'ledger-on-hand', subject: 'MUG', expected: 8, found: 11 }],
    ],
    [
      'a movement that is gone',
      `DELETE FROM stock_movements WHERE sku = 'CUP' AND kind = 'released'`,
      [{ kind: 'ledger-reserved', subject: 'CUP', expected: 2, found: 1 }],
    ],
    [
      'a movement of a product that does not exist',
      `INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
       VALUES ('ZEBRA', 'adjusted', 4, 0, gen_random_uuid(), 'x')`,
      [{ kind: 'ledger-on-hand', subject: 'ZEBRA', expected: 4, found: 0 }],
    ],
    [
      'a reservation whose state was changed',
      `UPDATE reservations SET state = 'held' WHERE state = 'released'`,
      [
        { kind: 'held-reservations', subject: 'CUP', expected: 2, found: 1 },
        { kind: 'held-reservations', subject: 'MUG', expected: 4, found: 3 },
      ],
    ],
    [
      'lines of a product that does not exist',
      `UPDATE reservation_lines SET sku = 'GNU' WHERE sku = 'CUP'`,
      [
        { kind: 'held-reservations', subject: 'CUP', expected: 0, found: 1 },
        { kind: 'held-reservations', subject: 'GNU', expected: 1, found: 0 },
      ],
    ],
  ])('finds %s', async (_what, sql, expected) => {
    await aHistory();
    await falsify(sql);
    const run = await reconcile();
    expect(run.mismatches).toMatchObject(expected);
    expect([run.total, run.repaired]).toEqual([expected.length, 0]);
    for (const { because, proposal } of run.mismatches) expect([because, proposal]).not.toContain('');
    const [{ kind } = { kind: '' }] = expected;
    await gaugeShows(kind, expected.length);
    expect((await get(service, path, OPERATIONS)).body).toMatchObject({
      lastRun: { id: run.id },
      lastFinished: { id: run.id, kinds: { [kind]: expected.length } },
      mismatches: expected,
    });
  });

  it('adds up a ledger of more rows than a statement reads, over more products than a page has', async () => {
    await falsify(`
      INSERT INTO products (sku, name) SELECT 'P' || n, 'P' FROM generate_series(1, 450) n;
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT 'P' || (1 + (n * n) % 450), 'adjusted', 1 + n % 7, 0, gen_random_uuid(), 'x' FROM generate_series(1, 45000) n;
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT 'P1', 'adjusted', 1, 0, gen_random_uuid(), 'x' FROM generate_series(1, 25000) n;
      INSERT INTO stock_levels (sku, on_hand)
        SELECT sku, coalesce(sum(delta_on_hand), 0) FROM products LEFT JOIN stock_movements USING (sku) GROUP BY sku;
      UPDATE stock_levels SET on_hand = on_hand + 1 WHERE sku IN ('P1', 'P450')`);
    const run = await reconcile();
    expect(run.checked).toMatchObject({ products: 450, movements: 70_000 });
    expect(run.mismatches.map(({ subject }: { subject: string }) => subject)).toEqual(['P1', 'P450']);
  });

  it('finds nothing wrong while stock is reserved, given back and taken out', async () => {
    await stock(service, 'MUG', 100_000);
    // They queue for one row, on a busy machine for longer than a service would.
    const pool = patientPool(database.url, 4, 60_000);
    atEnd(() => pool.end());
    const busy = startInventoryService(pool);
    atEnd(() => busy.stop());
    let over = false;
    let ended = 0;
    const load = Promise.all(
      [1, 2, 3, 4].map(async (quantity) => {
        while (!over) {
          const one = aReservation({ sku: 'MUG', quantity });
          await reserve(busy, [one]).expect(200);
          await changeReservations(
            pool,
            [{ kind: quantity % 2 ? 'release' : 'fulfil', id: one.id, cause: { correlationId: 'c' } }],
            new Date(),
          );
          ended += 1;
        }
      }),
    );
    atEnd(async () => {
      over = true;
      await load;
    });
    for (let run = 0; run < 20 || ended < 50; run += 1) expect((await reconcile()).total).toBe(0);
  });
});

describe('a run that comes by itself', () => {
  /** The run that comes when so much time has passed. */
  async function runAfter(interval: string) {
    await falsify(
      `UPDATE reconciliation_runs SET started_at = started_at - interval '${interval}', finished_at = finished_at - interval '${interval}'`,
    );
    await service.reconciler.tick();
    const id = (await get(service, path, OPERATIONS)).body.lastRun.id as string;
    await service.reconciler.ended(id, 60_000);
    const { lastRun, mismatches } = (await get(service, path, OPERATIONS)).body;
    expect(lastRun).toMatchObject({ id, status: 'finished' });
    return { ...lastRun, mismatches };
  }

  it.each([1, 200])('reads the movements since the last one, and none of %d times those before', async (times) => {
    await aHistory();
    await falsify(`
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT 'MUG', 'adjusted', 1, 0, gen_random_uuid(), 'x' FROM generate_series(1, ${times}) n;
      UPDATE stock_levels SET on_hand = on_hand + ${times} WHERE sku = 'MUG'`);
    expect(await reconcile()).toMatchObject({ full: true, total: 0, checked: { movements: 12 + times, heldLines: 2 } });
    expect((await runAfter('11 minutes')).checked).toEqual({ products: 2, movements: 0 });
    await stock(service, 'JAR', 5);
    await reserve(service, [aReservation({ sku: 'MUG', quantity: 1 })]).expect(200);
    expect(await runAfter('11 minutes')).toMatchObject({
      full: false,
      total: 0,
      checked: { products: 3, movements: 2 },
    });
  });

  it('finds a level that somebody wrote', async () => {
    await aHistory();
    await reconcile();
    await falsify(`UPDATE stock_levels SET on_hand = on_hand + 1 WHERE sku = 'MUG'`);
    expect((await runAfter('11 minutes')).mismatches).toMatchObject([{ kind: 'ledger-on-hand', subject: 'MUG' }]);
  });

  it.each([
    [
      'a movement that is gone',
      `DELETE FROM stock_movements WHERE sku = 'CUP' AND kind = 'released'`,
      { kind: 'ledger-reserved', subject: 'CUP', expected: 2, found: 1 },
      `INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
       VALUES ('CUP', 'released', 0, -1, gen_random_uuid(), 'x')`,
    ],
    [
      'a movement of a product that does not exist',
      `INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
       VALUES ('ZEBRA', 'adjusted', 4, 0, gen_random_uuid(), 'x')`,
      { kind: 'ledger-on-hand', subject: 'ZEBRA', expected: 4, found: 0 },
      `INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
       VALUES ('ZEBRA', 'adjusted', -4, 0, gen_random_uuid(), 'x')`,
    ],
    [
      'a reservation whose lines were changed',
      `UPDATE reservation_lines SET quantity = quantity + 1 WHERE sku = 'CUP'
       AND reservation_id = (SELECT id FROM reservations WHERE state = 'held')`,
      { kind: 'held-reservations', subject: 'CUP', expected: 2, found: 1 },
      `UPDATE reservation_lines SET quantity = quantity - 1 WHERE sku = 'CUP'
       AND reservation_id = (SELECT id FROM reservations WHERE state = 'held')`,
    ],
  ])(
    'leaves %s to the full run of the day, and reports it until it is corrected',
    async (_what, wrong, found, right) => {
      await aHistory();
      await reconcile();
      await falsify(wrong);
      expect(await runAfter('11 minutes')).toMatchObject({ full: false, total: 0 });
      expect(await runAfter('25 hours')).toMatchObject({ full: true, mismatches: [found] });
      expect(await runAfter('11 minutes')).toMatchObject({ full: false, mismatches: [found] });
      await falsify(right);
      expect(await runAfter('11 minutes')).toMatchObject({ full: false, total: 0 });
    },
  );
});
