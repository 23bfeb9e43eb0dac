import type { Pool, Transaction } from '@shop/chassis/base/db/pool.ts';
import { sqlState } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import request from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import {
  aReservation,
  BACKOFFICE,
  createInventoryDatabase,
  findMismatches,
  get,
  type InventoryService,
  levelOf,
  ORDER_SERVICE,
  outbox,
  reserve,
  startInventoryService,
  stock,
} from '../../test/test-app.ts';
import { lockProduct } from '../products/products.sql.ts';
import { lockStockLevels } from '../stock/stock.sql.ts';
import { changeReservationsWithin } from './change-reservations.ts';
import type { ReservationCommand } from './decide.ts';
import { holdIfAmple } from './reservations.sql.ts';

let database: TestDatabase;
let otherPool: Pool;
let briefPool: Pool;
/** Two processes of the service, each with its own pool and its own batches. They wait for a row as long as it takes. */
let service: InventoryService;
let other: InventoryService;
/** One that waits for a row as long as the service does. */
let brief: InventoryService;
/** For what hangs. */
const LONG_MS = 60_000;
beforeAll(async () => {
  database = await createInventoryDatabase(LONG_MS);
  atEnd(() => database.drop());
  otherPool = patientPool(database.url, 10, LONG_MS);
  atEnd(() => otherPool.end());
  service = startInventoryService(database.pool);
  atEnd(() => service.stop());
  other = startInventoryService(otherPool);
  atEnd(() => other.stop());
  briefPool = patientPool(database.url);
  atEnd(() => briefPool.end());
  brief = startInventoryService(briefPool);
  atEnd(() => brief.stop());
});
beforeEach(() => database.truncate());
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

/** Whether a statement of this database waits for somebody's lock. */
async function isWaitingForLock(pool: Pool): Promise<true | undefined> {
  const { rowCount } = await pool.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rowCount ? true : undefined;
}

/** Another transaction that keeps the row of a product until it is told to end. */
async function lockLevel(sku: string): Promise<() => Promise<void>> {
  const locker = await database.pool.connect();
  await locker.query('BEGIN');
  await locker.query('SELECT FROM stock_levels WHERE sku = $1 FOR UPDATE', [sku]);
  return async () => {
    await locker.query('ROLLBACK');
    locker.release();
  };
}

/** How many of these statements gave up waiting for a lock. */
async function lockTimeouts(statements: jest.SpyInstance): Promise<number> {
  const ended = await Promise.allSettled(statements.mock.results.map(({ value }) => value));
  return ended.filter((one) => one.status === 'rejected' && sqlState(one.reason) === '55P03').length;
}

const mugs = (quantity: number) => ({ sku: 'MUG', quantity });

async function statesOf(answer: request.Test): Promise<string[]> {
  const { body } = await answer.expect(200);
  return body.results.map(({ state }: { state: string }) => state);
}

describe('POST /reservations', () => {
  it('holds the units, and tells the ledger', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation(mugs(2));
    await reserve(service, [one]).expect(200, { results: [{ id: one.id, state: 'held' }] });
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 2 });
    const { body } = await get(service, '/products/MUG/movements').expect(200);
    expect(body.items[0]).toMatchObject({ kind: 'held', deltaReserved: 2, causeId: one.id });
  });

  it('rejects the whole reservation when one line exceeds what is available, and keeps the reason', async () => {
    await stock(service, 'MUG', 5);
    await stock(service, 'CUP', 5);
    const one = aReservation(mugs(6), { sku: 'CUP', quantity: 1 }, { sku: 'NO', quantity: 2 });
    const shortages = [
      { sku: 'MUG', requested: 6, available: 5, reason: 'insufficient-stock' },
      { sku: 'NO', requested: 2, available: 0, reason: 'unknown-sku' },
    ];
    const results = [{ id: one.id, state: 'rejected', shortages }];
    await reserve(service, [one]).expect(200, { results });
    await stock(service, 'NO', 100);
    await reserve(service, [one]).expect(200, { results });
    expect(await levelOf(database.pool, 'CUP')).toEqual({ onHand: 5, reserved: 0 });
  });

  it('decides in the order of the call', async () => {
    await stock(service, 'MUG', 5);
    const call = [aReservation(mugs(3)), aReservation(mugs(3)), aReservation(mugs(2))];
    expect(await statesOf(reserve(service, call))).toEqual(['held', 'rejected', 'held']);
  });

  it('merges the lines of a SKU', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation(mugs(2), mugs(1));
    expect(await statesOf(reserve(service, [one, { ...one, lines: [mugs(3)] }]))).toEqual(['held', 'held']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 3 });
  });

  it('changes nothing when it is asked again, by either process', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation(mugs(2));
    expect(await statesOf(reserve(service, [one]))).toEqual(['held']);
    expect(await statesOf(reserve(other, [one, { ...one, id: one.id.toUpperCase() }]))).toEqual(['held', 'held']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 2 });
  });

  it('answers conflict for other lines under a known id, and changes nothing', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation(mugs(2));
    const call = [one, { ...one, lines: [mugs(1)] }];
    expect(await statesOf(reserve(service, call))).toEqual(['held', 'conflict']);
    expect(await statesOf(reserve(service, [{ ...one, lines: [mugs(3)] }]))).toEqual(['conflict']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 2 });
  });

  it('tells once when the last available unit is reserved', async () => {
    await stock(service, 'MUG', 3);
    for (const quantity of [2, 1, 1]) await reserve(service, [aReservation(mugs(quantity))]).expect(200);
    const depleted = (await outbox(database.pool)).filter(({ type }) => type === 'stock.depleted');
    expect(depleted).toMatchObject([{ payload: { sku: 'MUG', onHand: 3, reserved: 3 } }]);
  });

  it('sells the last units once to many that come at once, in two processes', async () => {
    await stock(service, 'MUG', 10);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => statesOf(reserve(index % 2 ? service : other, [aReservation(mugs(1))]))),
    );
    expect(answers.flat().filter((state) => state === 'held')).toHaveLength(10);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 10 });
  });

  it('loses no update between processes when there is plenty', async () => {
    await stock(service, 'MUG', 1_000_000);
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) =>
        expect(await statesOf(reserve(index % 2 ? service : other, [aReservation(mugs(3))]))).toEqual(['held']),
      ),
    );
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 1_000_000, reserved: 600 });
  });

  it('judges what is there after its wait for the lock, not what was there before', async () => {
    await stock(service, 'MUG', 10);
    await reserve(service, [aReservation(mugs(9))]).expect(200);
    const locker = await database.pool.connect();
    await locker.query('BEGIN');
    await locker.query("SELECT FROM stock_levels WHERE sku = 'MUG' FOR UPDATE");
    const waiting = statesOf(reserve(other, [aReservation(mugs(5))]));
    await eventually(() => isWaitingForLock(database.pool));
    await locker.query(`
      WITH released AS (UPDATE reservations SET state = 'released' RETURNING id),
      movement AS (
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT 'MUG', 'released', 0, -9, id, 'test' FROM released
      )
      UPDATE stock_levels SET reserved = 0 WHERE sku = 'MUG'`);
    await locker.query('COMMIT');
    locker.release();
    expect(await waiting).toEqual(['held']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 5 });
  });

  it('holds once when both processes get the same id at once', async () => {
    await stock(service, 'MUG', 100);
    for (let round = 0; round < 10; round += 1) {
      const one = aReservation(mugs(1));
      const states = await Promise.all([service, other, service].map((to) => statesOf(reserve(to, [one]))));
      expect(states.flat()).toEqual(['held', 'held', 'held']);
    }
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 100, reserved: 10 });
  });

  it('holds one of two when an id comes with different products at once', async () => {
    await stock(service, 'MUG', 100);
    await stock(service, 'CUP', 100);
    for (let round = 0; round < 10; round += 1) {
      const one = aReservation(mugs(1));
      const twin = { ...one, lines: [{ sku: 'CUP', quantity: 1 }] };
      const states = await Promise.all([statesOf(reserve(service, [one])), statesOf(reserve(other, [twin]))]);
      expect(states.flat().sort()).toEqual(['conflict', 'held']);
    }
  });

  it.each([
    ['plenty', [100_000, 100_000]],
    ['little', [60, 60]],
    ['plenty of some', [100_000, 20]],
  ] as const)('never deadlocks over overlapping products when there is %s', async (_what, units) => {
    const skus = ['A', 'B', 'C', 'D', 'E', 'F'];
    for (const [index, sku] of skus.entries()) await stock(service, sku, units[index % 2] ?? 0);
    const random = randomNumbers(42);
    // A deadlock is found after 1 s; on a busy machine, others wait as long in their turn.
    const pools = [0, 1].map(() => patientPool(database.url, 10, LONG_MS));
    for (const pool of pools) atEnd(() => pool.end());
    // Below the batches, which keep transactions few, and below what would retry a deadlock: 20 connections at once.
    const work = Array.from({ length: 20 }, async (_, lane) => {
      const pool = pools[lane % 2] as Pool;
      for (let index = 0; index < 15; index += 1) {
        const wanted = skus.filter(() => random(2) === 0).sort(() => random(3) - 1);
        const one = { id: uuidv7(), lines: wanted.map((sku) => ({ sku, quantity: 1 + random(2) })) };
        if (index % 3 > 0) await holdIfAmple(pool, [one], one.lines);
        else await changeWithoutRetry(pool, { kind: 'hold', ...one, cause: { correlationId: 'r' } });
      }
    });
    const failures = (await Promise.allSettled(work)).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(failures).toEqual([]);
  });

  it('lets a bad member of a batch fail alone', async () => {
    await stock(service, 'MUG', 5);
    await stock(service, 'BAD', 5);
    await asOwner(`ALTER TABLE reservation_lines ADD CONSTRAINT no_bad_lines CHECK (sku <> 'BAD')`);
    const [good, bad, alsoGood] = await Promise.all([
      reserve(service, [aReservation(mugs(1))]),
      reserve(service, [aReservation({ sku: 'BAD', quantity: 1 })]),
      reserve(service, [aReservation(mugs(1))]),
    ]);
    await asOwner('ALTER TABLE reservation_lines DROP CONSTRAINT no_bad_lines');
    expect([good.status, bad.status, alsoGood.status]).toEqual([200, 500, 200]);
    expect(bad.text).not.toContain('no_bad_lines');
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 2 });
  });

  it('refuses what the contract does not allow', async () => {
    const line = mugs(1);
    const id = uuidv7();
    const bodies = [
      {},
      { reservations: [] },
      { reservations: [{ id: 'x', lines: [line] }] },
      { reservations: [{ id, lines: [] }] },
      { reservations: [{ id, lines: [{ ...line, quantity: 0 }] }] },
      { reservations: [{ id, lines: [{ ...line, quantity: 1_000_001 }] }] },
      { reservations: [{ id, lines: [{ ...line, sku: 'a\u0000' }] }] },
      { reservations: [{ id, lines: Array(1_001).fill(line) }] },
      { reservations: Array.from({ length: 501 }, () => aReservation()) },
    ];
    for (const body of bodies) {
      const answer = await request(service.http).post('/reservations').set(ORDER_SERVICE).send(body);
      expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed']);
    }
  });

  it('takes 500 reservations at once', async () => {
    await stock(service, 'MUG', 1_000);
    const states = await statesOf(
      reserve(
        service,
        Array.from({ length: 500 }, () => aReservation()),
      ),
    );
    expect(states).toEqual(Array(500).fill('held'));
  });

  it('holds the largest order that may be asked for, and all of it', async () => {
    const skus = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(64, 'S'));
    await database.pool.query(
      /* sql */ `
      WITH product AS (INSERT INTO products (sku, name) SELECT sku, 'A product' FROM unnest($1::text[]) AS sku),
        level AS (INSERT INTO stock_levels (sku, on_hand) SELECT sku, 1000000 FROM unnest($1::text[]) AS sku)
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
      SELECT sku, 'adjusted', 1000000, 0, gen_random_uuid(), 'test' FROM unnest($1::text[]) AS sku`,
      [skus],
    );
    const largest = aReservation(...skus.map((sku) => ({ sku, quantity: 1_000_000 })));
    expect(await statesOf(reserve(service, [largest]))).toEqual(['held']);
    const { rows } = await database.pool.query(
      'SELECT DISTINCT on_hand::integer AS on_hand, reserved::integer AS reserved FROM stock_levels',
    );
    expect(rows).toEqual([{ on_hand: 1_000_000, reserved: 1_000_000 }]);
  });

  it('is for the other service only', async () => {
    for (const headers of [{}, BACKOFFICE, { authorization: 'Bearer wrong' }]) {
      const calls = [
        request(service.http).post('/reservations').set(headers).send('{'),
        request(service.http).post('/reservations/lookup').set(headers).send('{'),
        request(service.http).get('/reservations').set(headers),
        request(service.http).get(`/reservations/${uuidv7()}`).set(headers),
      ];
      for (const answer of await Promise.all(calls)) {
        expect([answer.status, answer.body.code]).toEqual([401, 'internal-token-required']);
      }
    }
  });

  it('decides all that does not touch a locked row, and the rest when it is asked again', async () => {
    for (const sku of ['MUG', 'CUP']) await stock(service, sku, 5);
    const cups = (quantity = 1) => aReservation({ sku: 'CUP', quantity });
    const both = aReservation(mugs(1), { sku: 'CUP', quantity: 1 });
    const call = [aReservation(), cups(), both, both, cups(9)];
    const statements = jest.spyOn(briefPool, 'query');
    const unlock = await lockLevel('MUG');
    try {
      const [states, ...others] = await Promise.all([call, [cups()], [cups()]].map((c) => statesOf(reserve(brief, c))));
      expect(states).toEqual(['undecided', 'held', 'undecided', 'undecided', 'rejected']);
      expect(others).toEqual([['held'], ['held']]);
      expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 0 });
      // From here on nothing waits for it any more.
      const waited = await lockTimeouts(statements);
      expect(await statesOf(reserve(brief, call))).toEqual(states);
      expect(await lockTimeouts(statements)).toBe(waited);
    } finally {
      statements.mockRestore();
      await unlock();
    }
    expect(await statesOf(reserve(brief, call))).toEqual(['held', 'held', 'held', 'held', 'rejected']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 2 });
  });

  it('decides nothing, and does nothing, while all of its stock is locked', async () => {
    await stock(service, 'MUG', 5);
    const unlock = await lockLevel('MUG');
    try {
      expect(await statesOf(reserve(brief, [aReservation(), aReservation()]))).toEqual(['undecided', 'undecided']);
      expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 5, reserved: 0 });
    } finally {
      await unlock();
    }
  });

  it.each([
    ['changes reservations', (trx: Transaction) => lockStockLevels(trx, ['MUG'])],
    ['adjusts stock', (trx: Transaction) => lockProduct(trx, 'MUG')],
  ])('holds again when the session of a process that froze while it %s has ended', async (_what, lock) => {
    await stock(service, 'MUG', 5);
    const frozen = await otherPool.connect();
    atEnd(() => frozen.release(true));
    await frozen.query('BEGIN');
    await lock(frozen);
    const { rows } = await frozen.query('SHOW idle_in_transaction_session_timeout');
    expect(rows).toEqual([{ idle_in_transaction_session_timeout: '2s' }]);
    const reservation = aReservation();
    await eventually(async () => (await statesOf(reserve(brief, [reservation])))[0] === 'held' || undefined);
    await expect(frozen.query('COMMIT')).rejects.toThrow();
  });
});

describe('GET /reservations', () => {
  it('shows one, and 404 for any other', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation(mugs(9), { sku: 'CUP', quantity: 1 });
    await reserve(service, [one]).expect(200);
    const { body } = await get(service, `/reservations/${one.id}`, ORDER_SERVICE).expect(200);
    expect(body).toMatchObject({
      id: one.id,
      state: 'rejected',
      lines: [{ sku: 'CUP', quantity: 1 }, mugs(9)],
      shortages: [{ sku: 'CUP' }, { sku: 'MUG' }],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    for (const id of [uuidv7(), 'x', '%00']) {
      const answer = await get(service, `/reservations/${id}`, ORDER_SERVICE).expect(404);
      expect(answer.body.code).toBe('reservation-not-found');
    }
  });

  it('lists those of a state, page by page', async () => {
    await stock(service, 'MUG', 7);
    const all = Array.from({ length: 9 }, () => aReservation());
    await reserve(service, all).expect(200);
    const pages: string[][] = [];
    let path = '/reservations?state=held&limit=3';
    for (; path && pages.length < 9; ) {
      const { body } = await get(service, path, ORDER_SERVICE).expect(200);
      pages.push(body.items.map(({ id }: { id: string }) => id));
      path = body.nextCursor && `/reservations?state=held&limit=3&cursor=${body.nextCursor}`;
    }
    const ids = all.map(({ id }) => id);
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6, 7)]);
    const { body } = await get(service, '/reservations?limit=100', ORDER_SERVICE).expect(200);
    expect(body.items).toHaveLength(9);
    await get(service, '/reservations?state=lost', ORDER_SERVICE).expect(400);
  });

  it('looks many up, the unknown ones absent', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation();
    await reserve(service, [one]).expect(200);
    const lookup = request(service.http).post('/reservations/lookup').set(ORDER_SERVICE);
    const { body } = await lookup.send({ ids: [uuidv7(), one.id, one.id] }).expect(200);
    expect(body).toEqual({ items: [expect.objectContaining({ id: one.id, state: 'held', lines: one.lines })] });
  });

  it('leaves the lines out for whoever compares states', async () => {
    await stock(service, 'MUG', 5);
    const one = aReservation();
    await reserve(service, [one]).expect(200);
    const lookup = request(service.http).post('/reservations/lookup').set(ORDER_SERVICE);
    const found = await lookup.send({ ids: [one.id], lines: false }).expect(200);
    const listed = await get(service, '/reservations?limit=500&lines=false', ORDER_SERVICE).expect(200);
    for (const { body } of [found, listed]) {
      const times = { createdAt: expect.any(String), updatedAt: expect.any(String) };
      expect(body.items).toEqual([{ id: one.id, state: 'held', ...times }]);
    }
    for (const query of ['limit=501', 'limit=0', 'lines=no']) {
      await get(service, `/reservations?${query}`, ORDER_SERVICE).expect(400);
    }
  });
});

const asOwner = (sql: string) => withClient(database.ownerUrl, (client) => client.query(sql));

async function changeWithoutRetry(pool: Pool, command: ReservationCommand): Promise<void> {
  const trx = await pool.connect();
  try {
    await trx.query('BEGIN');
    await changeReservationsWithin(trx, [command], new Date());
    await trx.query('COMMIT');
  } finally {
    await trx.query('ROLLBACK');
    trx.release();
  }
}

/** A sequence that is the same in every run: `random(n)` is 0..n-1. (mulberry32) */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
