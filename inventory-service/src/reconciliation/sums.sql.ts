import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { LimitedQuery } from '@shop/chassis/reliable/postgres/connections.ts';

/** A stock level and the sums of its ledger. They are bigints, because wrong sums may exceed safe integers. */
export interface LedgerSums {
  sku: string;
  onHand: bigint;
  reserved: bigint;
  ledgerOnHand: bigint;
  ledgerReserved: bigint;
}

// Rows per statement. The rows of one SKU are scattered, so each may need a page from disk.
const LEVELS_PER_PAGE = 200;
const MOVEMENTS_PER_STATEMENT = 5_000;
// Pause between two statements, so that a comparison does not load the database.
export const PAUSE_MS = 10;

interface SumRow {
  sku: string;
  on_hand: string;
  reserved: string;
  last_id: string;
  read: string;
}

/** A page of SKUs, with the sums of their movements up to a certain one each. */
export interface LedgerPage {
  after: string;
  /** The last SKU; undefined for the last page. */
  last: string | undefined;
  sums: Map<string, LedgerSums & { lastId: string }>;
  movements: number;
}

/** The sums of the ledger at the last comparison. */
interface KnownRow {
  sku: string;
  on_hand: string | null;
  reserved: string | null;
  last_id: string | null;
}

/**
 * The stored sums of the SKUs after `after`, plus the movements since. Earlier movements that were changed or removed are only
 * found by {@link sumMovements}.
 */
export async function sumLaterMovements(q: Queryable, after: string): Promise<LedgerPage> {
  const { rows } = await q.query<KnownRow>(
    /* sql */ `
    SELECT l.sku, k.on_hand, k.reserved, k.last_id
    FROM (
      -- A SKU that has no level may have a ledger.
      (SELECT sku FROM stock_levels WHERE sku > $1 ORDER BY sku LIMIT $2)
      UNION (SELECT sku FROM reconciliation_sums WHERE sku > $1 ORDER BY sku LIMIT $2) ORDER BY 1 LIMIT $2
    ) l
    LEFT JOIN LATERAL (SELECT * FROM reconciliation_sums WHERE sku = l.sku LIMIT 1) k ON true ORDER BY l.sku`,
    [after, LEVELS_PER_PAGE],
  );
  const last = rows.length === LEVELS_PER_PAGE ? rows.at(-1)?.sku : undefined;
  const page: LedgerPage = { after, last, sums: new Map(), movements: 0 };
  for (const { sku, on_hand, reserved, last_id } of rows) {
    const sum = sumOf(page, sku);
    if (on_hand === null || reserved === null || last_id === null) continue;
    sum.ledgerOnHand = BigInt(on_hand);
    sum.ledgerReserved = BigInt(reserved);
    sum.lastId = last_id;
  }
  await addLaterMovements(q, page);
  return page;
}

/** Store the sums of a page for the next comparison. A full comparison stores all. */
export async function keepSums(trx: Transaction, { after, last, sums }: LedgerPage, isFull: boolean): Promise<void> {
  const known = [...sums.values()];
  const skus = known.map(({ sku }) => sku);
  if (isFull) {
    await trx.query(
      `DELETE FROM reconciliation_sums WHERE sku > $1 AND sku <= coalesce($2, chr(127)) AND sku <> ALL ($3::text[])`,
      [after, last ?? null, skus],
    );
  }
  await trx.query(
    /* sql */ `
    INSERT INTO reconciliation_sums AS k (sku, last_id, on_hand, reserved)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::numeric[], $4::numeric[]) ORDER BY 1
    ON CONFLICT (sku) DO UPDATE
    SET last_id = excluded.last_id, on_hand = excluded.on_hand, reserved = excluded.reserved
    WHERE (k.last_id, k.on_hand, k.reserved) <> (excluded.last_id, excluded.on_hand, excluded.reserved)`,
    [
      skus,
      known.map(({ lastId }) => lastId),
      known.map(({ ledgerOnHand }) => String(ledgerOnHand)),
      known.map(({ ledgerReserved }) => String(ledgerReserved)),
    ],
  );
}

/**
 * Add up the movements of the SKUs after `after` in several statements. No snapshot lasts longer than one statement, because a
 * long one keeps vacuum from removing dead versions of rows that every order updates. Movements added meanwhile have larger ids
 * within their SKU, because ids are assigned while the level is locked; {@link completeSums} adds them.
 */
export async function sumMovements(q: Queryable, after: string): Promise<LedgerPage> {
  const { rows } = await q.query<{ sku: string }>('SELECT sku FROM stock_levels WHERE sku > $1 ORDER BY sku LIMIT $2', [
    after,
    LEVELS_PER_PAGE,
  ]);
  const last = rows.length === LEVELS_PER_PAGE ? rows.at(-1)?.sku : undefined;
  const page: LedgerPage = { after, last, sums: new Map(), movements: 0 };
  // Larger than any id, so that the first statement starts after `after`.
  let position = { sku: after, id: '9223372036854775807' };
  for (;;) {
    const { rows } = await q.query<SumRow>({
      name: 'ledger-sums',
      text: /* sql */ `
        SELECT sku, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved, max(id) AS last_id, count(*) AS read
        FROM (
          SELECT * FROM stock_movements WHERE (sku, id) > ($1, $2::bigint) AND sku <= coalesce($3, chr(127))
          ORDER BY sku, id LIMIT $4
        ) m GROUP BY sku ORDER BY sku`,
      values: [position.sku, position.id, last ?? null, MOVEMENTS_PER_STATEMENT],
    });
    const read = add(page, rows);
    const end = rows.at(-1);
    // Recent movements are added here, so that very few are left for the snapshot.
    if (!end || read < MOVEMENTS_PER_STATEMENT) {
      await addLaterMovements(q, page);
      return page;
    }
    position = { sku: end.sku, id: end.last_id };
    await sleep(PAUSE_MS);
  }
}

/** The levels of a page with the sums of all their movements, in one snapshot: the transaction is REPEATABLE READ. */
export async function completeSums(trx: Transaction, page: LedgerPage): Promise<LedgerSums[]> {
  const { rows } = await trx.query<{ sku: string; on_hand: string; reserved: string }>(
    'SELECT sku, on_hand, reserved FROM stock_levels WHERE sku > $1 AND sku <= coalesce($2, chr(127)) ORDER BY sku',
    [page.after, page.last ?? null],
  );
  for (const { sku, on_hand, reserved } of rows) {
    const sum = sumOf(page, sku);
    sum.onHand = BigInt(on_hand);
    sum.reserved = BigInt(reserved);
  }
  await addLaterMovements(trx, page);
  return [...page.sums.values()];
}

async function addLaterMovements(q: Queryable, page: LedgerPage): Promise<void> {
  const known = [...page.sums.values()];
  const { rows } = await q.query<SumRow>(
    /* sql */ `
    SELECT seen.sku, m.* FROM unnest($1::text[], $2::bigint[]) AS seen (sku, last_id), LATERAL (
      SELECT sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved, max(id) AS last_id, count(*) AS read
      FROM stock_movements WHERE sku = seen.sku AND id > seen.last_id
    ) AS m WHERE m.read > 0`,
    [known.map(({ sku }) => sku), known.map(({ lastId }) => lastId)],
  );
  add(page, rows);
}

function add(page: LedgerPage, rows: readonly SumRow[]): number {
  for (const row of rows) {
    const sum = sumOf(page, row.sku);
    sum.ledgerOnHand += BigInt(row.on_hand);
    sum.ledgerReserved += BigInt(row.reserved);
    sum.lastId = row.last_id;
  }
  const read = rows.reduce((count, row) => count + Number(row.read), 0);
  page.movements += read;
  return read;
}

function sumOf({ sums }: LedgerPage, sku: string): LedgerSums & { lastId: string } {
  const known = sums.get(sku);
  if (known) return known;
  const none = { sku, onHand: 0n, reserved: 0n, ledgerOnHand: 0n, ledgerReserved: 0n, lastId: '0' };
  sums.set(sku, none);
  return none;
}

/** A product whose `reserved` is not the sum of the lines of its held reservations. */
export interface HeldDifference {
  sku: string;
  reserved: bigint;
  held: bigint;
}

// Lines have no index by SKU, and states no index at all, because either would make every order more expensive. A full scan
// takes about 0.3 s per million reservations, in one snapshot and within work_mem.
const HELD_TIMEOUT_MS = 120_000;
const DIFFERENCES_AT_MOST = 10_000;

/**
 * The products whose `reserved` differs, up to a limit, and the number of held lines, in one statement and so one snapshot.
 */
export async function readHeldDifferences(trx: Transaction): Promise<{ differences: HeldDifference[]; lines: number }> {
  // The only statement that needs a full scan; the pool's settings would make it use an index.
  await trx.query(`SET LOCAL statement_timeout = ${HELD_TIMEOUT_MS}; SET LOCAL enable_seqscan = on`);
  const statement: LimitedQuery = {
    text: /* sql */ `
      WITH held AS MATERIALIZED (
        SELECT l.sku, sum(l.quantity) AS units, count(*) AS lines
        FROM reservations r JOIN reservation_lines l ON l.reservation_id = r.id
        WHERE r.state = 'held' GROUP BY l.sku
      ), difference AS (
        SELECT coalesce(s.sku, h.sku) AS sku, coalesce(s.reserved, 0) AS reserved, coalesce(h.units, 0) AS units
        FROM stock_levels s FULL JOIN held h ON h.sku = s.sku
        WHERE coalesce(s.reserved, 0) <> coalesce(h.units, 0)
        ORDER BY 1 LIMIT $1
      )
      SELECT t.lines, d.* FROM (SELECT coalesce(sum(lines), 0) AS lines FROM held) t LEFT JOIN difference d ON true`,
    values: [DIFFERENCES_AT_MOST],
    limitMs: HELD_TIMEOUT_MS,
  };
  const { rows } = await trx.query<{ lines: string; sku: string | null; reserved: string; units: string }>(statement);
  const differences = rows.flatMap(({ sku, reserved, units }) =>
    sku === null ? [] : { sku, reserved: BigInt(reserved), held: BigInt(units) },
  );
  return { differences, lines: Number(rows[0]?.lines ?? 0) };
}
