import type { Transaction } from '@shop/chassis/db/pool.ts';

/** A stock level, as it is and as its ledger adds up. Units may exceed what a number holds, where something is wrong. */
export interface LedgerSums {
  sku: string;
  onHand: bigint;
  reserved: bigint;
  ledgerOnHand: bigint;
  ledgerReserved: bigint;
}

// One statement reads so many rows, and takes some ten milliseconds: no snapshot lasts long, for one that does keeps
// PostgreSQL from cleaning up behind the rows that every order updates.
const LEVELS_PER_PAGE = 200;
const MOVEMENTS_PER_STATEMENT = 20_000;

interface SumRow {
  sku: string;
  on_hand: string;
  reserved: string;
  last_id: string;
  read: string;
}

/**
 * The levels of some SKUs after `after`, with the sums of their movements, all of one instant: the caller's transaction
 * is REPEATABLE READ. `last` is where the next page begins; undefined after the last one.
 */
export async function readLedgerSums(
  trx: Transaction,
  after: string,
): Promise<{ sums: LedgerSums[]; movements: number; last?: string }> {
  const { rows } = await trx.query<{ sku: string; on_hand: string; reserved: string }>(
    'SELECT sku, on_hand, reserved FROM stock_levels WHERE sku > $1 ORDER BY sku LIMIT $2',
    [after, LEVELS_PER_PAGE],
  );
  const sums = new Map<string, LedgerSums>();
  for (const { sku, on_hand, reserved } of rows) {
    sums.set(sku, { ...nothing(sku), onHand: BigInt(on_hand), reserved: BigInt(reserved) });
  }
  const last = rows.length === LEVELS_PER_PAGE ? rows.at(-1)?.sku : undefined;
  const movements = await addMovements(trx, sums, { after, last });
  return { sums: [...sums.values()], movements, last };
}

/** The movements between two SKUs, a bounded number at a time; those of SKUs without a level are found, too. */
async function addMovements(
  trx: Transaction,
  sums: Map<string, LedgerSums>,
  { after, last }: { after: string; last?: string },
): Promise<number> {
  let movements = 0;
  // No id is so large: the first statement begins behind `after`.
  let position = { sku: after, id: '9223372036854775807' };
  for (;;) {
    const { rows } = await trx.query<SumRow>({
      name: 'ledger-sums',
      text: /* sql */ `
        SELECT sku, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved, max(id) AS last_id, count(*) AS read
        FROM (
          SELECT * FROM stock_movements WHERE (sku, id) > ($1, $2::bigint) AND sku <= coalesce($3, chr(127))
          ORDER BY sku, id LIMIT $4
        ) m GROUP BY sku ORDER BY sku`,
      values: [position.sku, position.id, last ?? null, MOVEMENTS_PER_STATEMENT],
    });
    for (const row of rows) {
      const sum = sums.get(row.sku) ?? nothing(row.sku);
      sum.ledgerOnHand += BigInt(row.on_hand);
      sum.ledgerReserved += BigInt(row.reserved);
      sums.set(row.sku, sum);
    }
    const read = rows.reduce((count, row) => count + Number(row.read), 0);
    movements += read;
    const end = rows.at(-1);
    if (!end || read < MOVEMENTS_PER_STATEMENT) return movements;
    position = { sku: end.sku, id: end.last_id };
  }
}

function nothing(sku: string): LedgerSums {
  return { sku, onHand: 0n, reserved: 0n, ledgerOnHand: 0n, ledgerReserved: 0n };
}

/** A product whose `reserved` is not what the lines of its held reservations add up to. */
export interface HeldDifference {
  sku: string;
  reserved: bigint;
  held: bigint;
}

// Lines are not indexed by SKU, and a state is not indexed at all: either would make every order dearer. Read as a whole
// they take some 0.3 s per million reservations, in one snapshot and within PostgreSQL's own memory.
const HELD_TIMEOUT_MS = 120_000;
const DIFFERENCES_AT_MOST = 10_000;

/** All products whose `reserved` differs, up to a bound, and how many lines are held: one statement, so one instant. */
export async function readHeldDifferences(trx: Transaction): Promise<{ differences: HeldDifference[]; lines: number }> {
  // The one statement that wants a whole table, which the pool's settings would let it read by an index.
  await trx.query(`SET LOCAL statement_timeout = ${HELD_TIMEOUT_MS}; SET LOCAL enable_seqscan = on`);
  const statement = {
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
    // The client's own limit, which the types of pg do not know.
    query_timeout: HELD_TIMEOUT_MS,
  };
  const { rows } = await trx.query<{ lines: string; sku: string | null; reserved: string; units: string }>(statement);
  const differences = rows.flatMap(({ sku, reserved, units }) =>
    sku === null ? [] : { sku, reserved: BigInt(reserved), held: BigInt(units) },
  );
  return { differences, lines: Number(rows[0]?.lines ?? 0) };
}
