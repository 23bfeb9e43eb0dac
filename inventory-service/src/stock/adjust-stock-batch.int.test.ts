import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import {
  aReservation,
  asClient,
  findMismatches,
  get,
  type InventoryService,
  levelOf,
  outbox,
  post,
  reserve,
  startInventoryService,
  startOnOwnDatabase,
  startUntilEnd,
  stock,
} from '../../test/test-app.ts';
import { MAX_ON_HAND } from './stock-level.ts';

let database: TestDatabase;
let service: InventoryService;
/** Another process. */
let other: InventoryService;
/** A process whose statements wait for a row for 200 ms. */
let brief: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
  const [otherPool, briefPool] = [patientPool(database.url, 5), patientPool(database.url, 5, 200)];
  atEnd(() => Promise.all([otherPool.end(), briefPool.end()]));
  other = startUntilEnd(otherPool);
  brief = startUntilEnd(briefPool);
});
beforeEach(async () => {
  await database.truncate();
  await stock(service, 'CUP', 5);
  await stock(service, 'MUG', 5);
});
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

interface Entry {
  key: string;
  sku: string;
  delta: number;
  reason: string;
}

const an = (key: string, sku: string, delta: number, reason = 'r'): Entry => ({ key, sku, delta, reason });
const adjustAll = (adjustments: readonly Entry[], key?: string, process = service) =>
  post(process, '/products/adjustments', { adjustments }, { key });
const alone = ({ key, sku, ...body }: Entry, process = service) =>
  post(process, `/products/${sku}/adjustments`, body, { key });
const resultsOf = async (answer: ReturnType<typeof adjustAll>) => (await answer.expect(200)).body.results;
const movements = async (sku: string) => (await get(service, `/products/${sku}/movements?limit=100`)).body.items;
const onHand = async (sku: string) => (await levelOf(database.pool, sku)).onHand;

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

describe('POST /products/adjustments', () => {
  it('makes them in their order, and answers in it', async () => {
    const results = await resultsOf(adjustAll([an('b', 'MUG', -5), an('a', 'CUP', 2), an('c', 'MUG', 3)]));
    expect(results).toEqual([
      { key: 'b', onHand: 0 },
      { key: 'a', onHand: 7 },
      { key: 'c', onHand: 3 },
    ]);
    expect((await movements('MUG')).map(({ deltaOnHand }: { deltaOnHand: number }) => deltaOnHand)).toEqual([3, -5, 5]);
    const messages = (await outbox(database.pool)).slice(2);
    expect(messages.map(({ type, payload }) => [type, payload.sku, payload.onHand])).toEqual([
      ['stock.adjusted', 'MUG', 0],
      ['stock.depleted', 'MUG', 0],
      ['stock.adjusted', 'CUP', 7],
      ['stock.adjusted', 'MUG', 3],
    ]);
  });

  it('lets no refused one stop another', async () => {
    await reserve(service, [aReservation({ sku: 'MUG', quantity: 3 })]).expect(200);
    const results = await resultsOf(
      adjustAll([an('a', 'NO', 1), an('b', 'MUG', -3), an('c', 'MUG', -2), an('d', 'CUP', 1)]),
    );
    expect(results).toEqual([
      { key: 'a', code: 'product-not-found' },
      { key: 'b', code: 'insufficient-stock' },
      { key: 'c', onHand: 3 },
      { key: 'd', onHand: 6 },
    ]);
  });

  it('lets no sum go beyond what JSON carries safely, and leaves that key free', async () => {
    const most = MAX_ON_HAND - 5;
    await database.pool.query(
      `WITH m AS (
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        VALUES ('MUG', 'adjusted', $1, 0, gen_random_uuid(), 'test'))
      UPDATE stock_levels SET on_hand = on_hand + $1 WHERE sku = 'MUG'`,
      [most - 1],
    );
    const entries = [an('a', 'MUG', 1), an('b', 'MUG', 1), an('c', 'MUG', -1)];
    expect(await resultsOf(adjustAll(entries))).toEqual([
      { key: 'a', onHand: MAX_ON_HAND },
      { key: 'b', code: 'validation-failed' },
      { key: 'c', onHand: MAX_ON_HAND - 1 },
    ]);
    expect((await alone(an('b', 'MUG', 1)).expect(200)).body.onHand).toBe(MAX_ON_HAND);
  });

  it('has no second effect when the whole call is repeated, and answers with the same bytes', async () => {
    const entries = [an('a', 'MUG', 1), an('b', 'MUG', -9)];
    const first = await adjustAll(entries, 'k').expect(200);
    expect(first.body.results[1]).toEqual({ key: 'b', code: 'insufficient-stock' });
    await stock(service, 'JAR', 1);
    const repeat = await adjustAll(entries, 'k').expect(200);
    expect([repeat.text, repeat.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    expect(await resultsOf(adjustAll(entries, 'another'))).toEqual(first.body.results);
    expect(await onHand('MUG')).toBe(6);
  });

  it('judges in a repeat of the call only what was not final', async () => {
    const entries = [an('a', 'MUG', 1), an('b', 'JAR', 2)];
    const results = [
      { key: 'a', onHand: 6 },
      { key: 'b', code: 'product-not-found' },
    ];
    expect(await resultsOf(adjustAll(entries, 'k'))).toEqual(results);
    await alone(an('c', 'MUG', 10)).expect(200);
    await stock(service, 'JAR', 0);
    for (let n = 0; n < 2; n += 1) {
      expect(await resultsOf(adjustAll(entries, 'k'))).toEqual([results[0], { key: 'b', onHand: 2 }]);
    }
    expect(await onHand('MUG')).toBe(16);
  });

  it('has no second effect when one of them is repeated alone, which gets the answer it had got alone', async () => {
    const [made, refused] = [an('a', 'MUG', -5), an('b', 'CUP', -6)];
    await adjustAll([made, refused]).expect(200);
    const repeat = await alone(made).expect(200);
    expect(repeat.body).toMatchObject({ sku: 'MUG', name: 'A MUG', onHand: 0, reserved: 0, available: 0 });
    expect(repeat.headers['idempotent-replayed']).toBe('true');
    await alone(an('c', 'CUP', 10)).expect(200);
    const again = await alone(refused).expect(409);
    const problem = { code: 'insufficient-stock', sku: 'CUP', requested: 6, available: 5 };
    expect(again.body).toMatchObject({ ...problem, instance: '/products/CUP/adjustments' });
    expect([await onHand('MUG'), await onHand('CUP')]).toEqual([0, 15]);
  });

  it('has no second effect for what was made alone before', async () => {
    const entry = an('a', 'MUG', 4);
    await alone(entry).expect(200);
    await alone(an('b', 'MUG', 1)).expect(200);
    expect(await resultsOf(adjustAll([entry, an('c', 'MUG', 1)]))).toEqual([
      { key: 'a', onHand: 9 },
      { key: 'c', onHand: 11 },
    ]);
  });

  it('takes a key that comes twice once, and refuses other content under it', async () => {
    const entries = [
      an('a', 'MUG', 1),
      an('a', 'MUG', 1),
      an('a', 'MUG', 2),
      an('a', 'CUP', 1),
      an('a', 'MUG', 1, 'x'),
    ];
    const reused = { key: 'a', code: 'idempotency-key-reused' };
    expect(await resultsOf(adjustAll(entries))).toEqual([
      { key: 'a', onHand: 6 },
      { key: 'a', onHand: 6 },
      reused,
      reused,
      reused,
    ]);
    expect([await onHand('MUG'), await onHand('CUP')]).toEqual([6, 5]);
  });

  it('refuses a key that another request had, one of another kind and that of the call included', async () => {
    await alone(an('a', 'MUG', 1)).expect(200);
    await post(service, '/products', { sku: 'JAR', name: 'A jar' }, { key: 'b' }).expect(201);
    const entries = [an('a', 'MUG', 2), an('b', 'MUG', 2), an('k', 'MUG', 2), an('d', 'MUG', 2)];
    expect(await resultsOf(adjustAll(entries, 'k'))).toEqual([
      ...['a', 'b', 'k'].map((key) => ({ key, code: 'idempotency-key-reused' })),
      { key: 'd', onHand: 8 },
    ]);
    // Of another client they are others.
    const as = asClient('backoffice-2');
    const { body } = await post(service, '/products/adjustments', { adjustments: entries.slice(0, 2) }, { as });
    expect(body.results.map(({ key }: { key: string }) => key)).toEqual(['a', 'b']);
    expect(await onHand('MUG')).toBe(12);
  });

  it('refuses another call with the same key, with nothing done', async () => {
    await adjustAll([an('a', 'MUG', 1)], 'k').expect(200);
    expect((await adjustAll([an('b', 'MUG', 1)], 'k').expect(422)).body.code).toBe('idempotency-key-reused');
    expect(await onHand('MUG')).toBe(6);
    await alone(an('b', 'MUG', 2)).expect(200);
  });

  it('has no second effect after the retention', async () => {
    const entries = [an('a', 'MUG', 1), an('b', 'CUP', 2)];
    const first = await resultsOf(adjustAll(entries, 'k'));
    await alone(an('c', 'MUG', 1)).expect(200);
    await database.pool.query('DELETE FROM idempotency_keys');
    expect(await resultsOf(adjustAll([an('a', 'MUG', 3)], 'l'))).toEqual([
      { key: 'a', code: 'idempotency-key-reused' },
    ]);
    expect((await alone(an('b', 'CUP', 2)).expect(200)).headers['idempotent-replayed']).toBe('true');
    expect(await resultsOf(adjustAll(entries, 'k'))).toEqual(first);
    expect([await onHand('MUG'), await onHand('CUP')]).toEqual([7, 7]);
  });

  it.each([
    ['one key', () => 'k'],
    ['keys of their own', (n: number) => `k-${n}`],
  ])('has one effect for twins with %s, in two processes', async (_what, keyOf) => {
    const entries = Array.from({ length: 20 }, (_, n) => an(`e-${n}`, n % 2 ? 'MUG' : 'CUP', n + 1));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => {
        const sent = n % 3 === 0 ? entries.toReversed() : entries;
        return adjustAll(keyOf(n) === 'k' ? entries : sent, keyOf(n), n % 2 ? service : other);
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const sorted = answers.map(({ body }) => JSON.stringify(body.results.toSorted(byKey)));
    expect(new Set(sorted).size).toBe(1);
    expect([await onHand('CUP'), await onHand('MUG')]).toEqual([105, 115]);
  });

  it('loses and doubles nothing beside single adjustments of the same keys, counts and reservations', async () => {
    const entries = Array.from({ length: 30 }, (_, n) => an(`e-${n}`, n % 2 ? 'MUG' : 'CUP', 1));
    await Promise.all([
      ...Array.from({ length: 6 }, (_, n) =>
        resultsOf(adjustAll(n % 2 ? entries : entries.toReversed(), undefined, n % 3 ? service : other)),
      ),
      ...entries.map((entry, n) => alone(entry, n % 2 ? service : other).expect(200)),
      ...Array.from({ length: 5 }, (_, n) => post(other, '/products/CUP/counts', { counted: 6 + n, expected: 5 + n })),
      ...Array.from({ length: 10 }, (_, n) =>
        reserve(service, [
          aReservation({ sku: n % 2 ? 'MUG' : 'CUP', quantity: 1 }, { sku: n % 2 ? 'CUP' : 'MUG', quantity: 1 }),
        ]).expect(200),
      ),
    ]);
    expect(await onHand('MUG')).toBe(20);
    const ofEntries = async (sku: string) =>
      (await database.pool.query("SELECT FROM stock_adjustments WHERE sku = $1 AND idempotency_key LIKE 'e-%'", [sku]))
        .rowCount;
    expect([await ofEntries('MUG'), await ofEntries('CUP')]).toEqual([15, 15]);
  });

  describe('while another transaction keeps a stock level locked', () => {
    it('makes the others at once, and leaves that one to a repeat', async () => {
      const unlock = await lockLevel('CUP');
      const entries = [an('a', 'CUP', 1), an('b', 'MUG', 1), an('c', 'NO', 1)];
      const answer = resultsOf(adjustAll(entries, 'k', brief));
      const made = await eventually(async () => ((await onHand('MUG')) === 6 ? true : undefined));
      expect(made).toBe(true);
      expect(await answer).toEqual([
        { key: 'a', code: 'unavailable' },
        { key: 'b', onHand: 6 },
        { key: 'c', code: 'product-not-found' },
      ]);
      expect((await allKeys(database.pool)).map(({ key }) => key)).not.toContain('a');
      await unlock();
      expect(await resultsOf(adjustAll(entries, 'k', brief))).toMatchObject([{ onHand: 6 }, { onHand: 6 }, {}]);
      expect([await onHand('CUP'), await onHand('MUG')]).toEqual([6, 6]);
    });

    it('waits for it, with no lock on the others, and makes it when it is free in time', async () => {
      const unlock = await lockLevel('CUP');
      const answer = resultsOf(adjustAll([an('a', 'CUP', 1), an('b', 'MUG', 1)], 'k')).then((results) => results);
      await eventually(async () => ((await onHand('MUG')) === 6 ? true : undefined));
      await reserve(brief, [aReservation({ sku: 'MUG', quantity: 1 })]).expect(200);
      await alone(an('c', 'MUG', 1), brief).expect(200);
      await unlock();
      expect(await answer).toEqual([
        { key: 'a', onHand: 6 },
        { key: 'b', onHand: 6 },
      ]);
      const stored = (await allKeys(database.pool)).filter(({ state }) => state === 'completed').map(({ key }) => key);
      expect(stored).toEqual(expect.arrayContaining(['a', 'b', 'k']));
    });

    it('answers 409 as a whole, with nothing done, while the first request with one of its keys is still running', async () => {
      const unlock = await lockLevel('CUP');
      const first = alone(an('a', 'CUP', 1)).then((answer) => answer);
      await eventually(async () => {
        const { rowCount } = await database.pool.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return rowCount ? true : undefined;
      });
      const second = await adjustAll([an('a', 'CUP', 1), an('b', 'MUG', 1)], 'k', brief).expect(409);
      expect(second.body.code).toBe('request-in-progress');
      expect(second.headers['retry-after']).toMatch(/^\d+$/);
      await unlock();
      expect((await first).status).toBe(200);
      expect(await resultsOf(adjustAll([an('a', 'CUP', 1), an('b', 'MUG', 1)], 'k', brief))).toEqual([
        { key: 'a', onHand: 6 },
        { key: 'b', onHand: 6 },
      ]);
    });
  });

  it.each(['before', 'after'] as const)('has its effect once if its connection ends %s any statement', async (when) => {
    let ended = 0;
    for (let at = 1; ; at += 1) {
      const ending = endingAt(at, when);
      const process = startInventoryService(ending.pool);
      const entries = [an(`a-${at}`, 'MUG', 1), an(`b-${at}`, 'CUP', 1), an(`c-${at}`, 'NO', 1)];
      const first = await adjustAll(entries, `k-${at}`, process);
      await process.stop();
      if (!ending.hasEnded()) break;
      expect([at, first.status]).toEqual([at, 503]);
      expect(await resultsOf(adjustAll(entries, `k-${at}`))).toEqual([
        { key: `a-${at}`, onHand: 5 + at },
        { key: `b-${at}`, onHand: 5 + at },
        { key: `c-${at}`, code: 'product-not-found' },
      ]);
      ended += 1;
    }
    // BEGIN, the keys, the levels, the writes, COMMIT.
    expect(ended).toBe(13);
  });

  it('takes 1,000, and no number of them needs more than so many statements', async () => {
    const skus = Array.from({ length: 250 }, (_, n) => `${'S'.repeat(60)}${1_000 + n}`);
    await database.pool.query(
      `WITH p AS (INSERT INTO products (sku, name) SELECT sku, 'n' FROM unnest($1::text[]) AS sku)
       INSERT INTO stock_levels (sku) SELECT sku FROM unnest($1::text[]) AS sku`,
      [skus],
    );
    const entries = Array.from({ length: 1_000 }, (_, n) =>
      an(`${'k'.repeat(251)}${1_000 + n}`, skus[(n * 7) % 250] ?? '', 1, '商'.repeat(200)),
    );
    const counting = endingAt(Number.POSITIVE_INFINITY, 'before');
    const process = startInventoryService(counting.pool);
    const results = await resultsOf(adjustAll(entries, 'k', process));
    await process.stop();
    expect(results.map(({ code }: { code?: string }) => code)).toEqual(Array(1_000).fill(undefined));
    expect(counting.statements()).toBe(11);
    const { rows } = await database.pool.query("SELECT DISTINCT on_hand FROM stock_levels WHERE sku LIKE 'SS%'");
    expect(rows).toEqual([{ on_hand: '4' }]);
  });

  it.each([
    ['/adjustments', []],
    ['/adjustments', Array.from({ length: 1_001 }, (_, n) => an(`${n}`, 'MUG', 1))],
    ['/adjustments/1/delta', [an('a', 'MUG', 1), an('b', 'MUG', 0)]],
    ['/adjustments/0/delta', [an('a', 'MUG', 1_000_000_001)]],
    ['/adjustments/0/sku', [an('a', 'M G', 1)]],
    ['/adjustments/0/key', [an('', 'MUG', 1)]],
    ['/adjustments/0/key', [an('k'.repeat(256), 'MUG', 1)]],
    ['/adjustments/0/key', [an('ключ', 'MUG', 1)]],
    ['/adjustments/0/reason', [an('a', 'MUG', 1, '')]],
  ])('refuses the whole call for %s, with nothing done', async (pointer, adjustments) => {
    const { body } = await adjustAll(adjustments, 'k').expect(400);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] });
    expect(await onHand('MUG')).toBe(5);
    await adjustAll([an('a', 'MUG', 1)], 'k').expect(200);
  });

  it('takes a key with spaces or quotes as the header does, in its quoted form', async () => {
    const entry = an('"a b', 'MUG', 1);
    await adjustAll([entry]).expect(200);
    const repeat = await alone({ ...entry, key: '"\\"a b"' }).expect(200);
    expect(repeat.headers['idempotent-replayed']).toBe('true');
  });
});

function byKey(a: Entry, b: Entry): number {
  return a.key < b.key ? -1 : 1;
}

/** A pool whose connection ends before or after the n-th statement that is sent. */
function endingAt(n: number, when: 'before' | 'after') {
  let sent = 0;
  const connect = async () => {
    const client = await database.pool.connect();
    const query = async (...args: unknown[]) => {
      sent += 1;
      const goes = sent < n || (sent === n && when === 'after');
      const answer = goes ? await Reflect.apply(client.query, client, args) : undefined;
      if (sent < n) return answer;
      throw new Error('Connection terminated unexpectedly');
    };
    const release = () => client.release(sent >= n);
    return Object.assign(Object.create(client), { query, release });
  };
  const pool = Object.assign(Object.create(database.pool), { connect }) as TestDatabase['pool'];
  return { pool, hasEnded: () => sent >= n, statements: () => sent };
}
