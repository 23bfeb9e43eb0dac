/**
 * Fills both databases with the rows of a year of orders by SQL, so that the orders for measurements on full tables
 * need not be placed. The invariants of the services hold: the ledger adds up to the stock levels, the held lines to
 * `reserved`, and each order agrees with its reservation. Both databases derive their rows from the number of the
 * order, so that neither needs data of the other.
 *
 * One difference from real orders: these requests cannot be repeated, because their fingerprints are generated.
 */
import { withClient } from '@shop/chassis/testing/with-client.ts';
import type pg from 'pg';
import {
  DAYS,
  LEDGER_STATEMENTS,
  ORDER_STATEMENTS,
  PENDING,
  PRODUCTS,
  type Statement,
  tablesOfOrders,
  tablesOfStock,
} from './statements.ts';

// Orders per statement: seconds of work, and few enough for its sums to stay in memory.
const CHUNK = 50_000;
// From this number, building the indexes at the end is faster than maintaining them.
const WITHOUT_INDEXES_FROM = 500_000;

/**
 * Fill both databases, given the URLs of their owners. They must have the tables and no orders. `onProgress` gets the
 * number of complete orders.
 */
export async function fillOrders(
  databases: { orders: string; inventory: string },
  count: number,
  onProgress: (done: number) => void,
): Promise<void> {
  // One after the other, so that if both have rows, the error always names the same one.
  await requireNone(databases.orders, 'orders');
  await requireNone(databases.inventory, 'reservations');
  const until = new Date();
  const done = { orders: 0, inventory: 0 };
  const fill = (side: keyof typeof done, statements: readonly Statement[], tables: readonly string[]) =>
    withClient(databases[side], async (client) => {
      await prepare(client);
      if (side === 'inventory') await client.query(PRODUCTS);
      const work = async () => {
        for (let first = 1; first <= count; first += CHUNK) {
          const last = Math.min(first + CHUNK - 1, count);
          await runAll(client, statements, { first, last, count, until });
          done[side] = last;
          onProgress(Math.min(done.orders, done.inventory));
        }
      };
      await (count >= WITHOUT_INDEXES_FROM ? withoutIndexes(client, tables, work) : work());
      // As autovacuum does: with statistics, and with hint bits and the visibility map set.
      await client.query('VACUUM (ANALYZE)');
    });
  const sides = await Promise.allSettled([
    fill('orders', ORDER_STATEMENTS, tablesOfOrders),
    fill('inventory', LEDGER_STATEMENTS, tablesOfStock),
  ]);
  for (const side of sides) if (side.status === 'rejected') throw side.reason;
}

/** Add the orders from `first` to `last` of `count` without collecting statistics, as in a new database. */
export async function addOrders(
  databases: { orders: string; inventory: string },
  range: { first: number; last: number; count: number; until: Date },
): Promise<void> {
  await withClient(databases.orders, (client) => runAll(client, ORDER_STATEMENTS, range));
  await withClient(databases.inventory, async (client) => {
    if (range.first === 1) await client.query(PRODUCTS);
    await runAll(client, LEDGER_STATEMENTS, range);
  });
}

async function requireNone(url: string, table: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query(`SELECT FROM ${table} LIMIT 1`);
    if (rowCount !== 0) throw new Error(`there are ${table} already: only empty tables can be filled`);
  });
}

/** How many of `count` orders are pending: a few, and always the latest. */
export function pendingOf(count: number): number {
  return Math.min(PENDING, Math.floor(count / 100));
}

async function prepare(client: pg.Client): Promise<void> {
  // For this session only; after a crash, the databases would be filled again.
  await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'`);
}

async function runAll(
  client: pg.Client,
  statements: readonly Statement[],
  range: { first: number; last: number; count: number; until: Date },
): Promise<void> {
  const { first, last, count, until } = range;
  const values = [first, last, count, pendingOf(count), until];
  const ageInDays = (DAYS * (count - last)) / count;
  for (const { sql, untilDays = DAYS } of statements) if (ageInDays <= untilDays) await client.query(sql, values);
}

/** Drop the indexes of these tables, run `work`, and create them again. */
async function withoutIndexes(client: pg.Client, tables: readonly string[], work: () => Promise<void>): Promise<void> {
  const { rows: indexes } = await client.query<{ drop: string; create: string }>(
    /* sql */ `
    SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', x.indexrelid::regclass)
             ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', x.indrelid::regclass, c.conname) END AS drop,
           CASE WHEN c.oid IS NULL THEN pg_get_indexdef(x.indexrelid)
             ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', x.indrelid::regclass, c.conname,
                         pg_get_constraintdef(c.oid)) END AS create
    FROM pg_index x LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.conrelid = x.indrelid
    WHERE x.indrelid = ANY ($1::text[]::regclass[])`,
    [tables],
  );
  for (const { drop } of indexes) await client.query(drop);
  try {
    await work();
  } finally {
    for (const { create } of indexes) await client.query(create);
  }
}
