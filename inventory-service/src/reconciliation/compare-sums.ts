/**
 * inventory-service's own sums: the ledger against the levels, and the held reservations against `reserved`. Each
 * comparison is made in one snapshot, where they agree at every instant, so nothing that is under way can look wrong, and
 * no time of grace is needed.
 *
 * Nothing is repaired: which of two records is right can only be found out by counting.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import type { Findings, Mismatch } from '@shop/chassis/operations/reconciliation/run.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import {
  completeSums,
  type HeldDifference,
  keepSums,
  type LedgerPage,
  type LedgerSums,
  PAUSE_MS,
  readHeldDifferences,
  sumLaterMovements,
  sumMovements,
} from './sums.sql.ts';

/** Every kind of mismatch that {@link compareSums} reports. */
export const mismatchKinds = ['ledger-on-hand', 'ledger-reserved', 'held-reservations'] as const;

type SumMismatch = Mismatch & { kind: (typeof mismatchKinds)[number] };

/**
 * Compare all products, a page after the other. Unless the run is full, the sums of the last one are gone on with, and the
 * held reservations are left out, which no index finds among all that ever were; but not while they are known to differ.
 */
export async function compareSums(pool: Pool, findings: Findings): Promise<void> {
  let after: string | undefined = '';
  while (after !== undefined) {
    findings.signal.throwIfAborted();
    const page: LedgerPage = await (findings.isFull ? sumMovements : sumLaterMovements)(pool, after);
    const sums = await inTransaction(pool, async (trx) => {
      await trx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      return completeSums(trx, page);
    });
    findings.count('products', sums.length);
    findings.count('movements', page.movements);
    for (const mismatch of sums.flatMap(ledgerMismatches)) findings.report(mismatch);
    await inTransaction(pool, (trx) => keepSums(trx, page, findings.isFull));
    after = page.last;
    await sleep(PAUSE_MS);
  }
  findings.signal.throwIfAborted();
  if (!findings.isFull && !findings.known['held-reservations']) return;
  const { differences, lines } = await inTransaction(pool, readHeldDifferences);
  findings.count('heldLines', lines);
  for (const difference of differences) findings.report(heldMismatch(difference));
}

/** Where a stock level and its ledger differ. */
export function ledgerMismatches(sums: LedgerSums): SumMismatch[] {
  const { sku, onHand, reserved, ledgerOnHand, ledgerReserved } = sums;
  const because = 'The movements of the ledger add up to it.';
  const proposal =
    `Find the change that only one of the two has: compare GET /products/${sku}/movements with its orders and ` +
    'deliveries, and count the units. Then, as the owner of the database, mend the level or add the missing movement; ' +
    'an adjustment changes both alike and mends nothing.';
  return [
    ...(onHand === ledgerOnHand ? [] : [mismatch('ledger-on-hand', sku, ledgerOnHand, onHand, because, proposal)]),
    ...(reserved === ledgerReserved
      ? []
      : [mismatch('ledger-reserved', sku, ledgerReserved, reserved, because, proposal)]),
  ];
}

function heldMismatch({ sku, reserved, held }: HeldDifference): SumMismatch {
  return mismatch(
    'held-reservations',
    sku,
    held,
    reserved,
    'The lines of the held reservations add up to it.',
    'See what the ledger says: where it agrees with the reservations, mend the level as the owner of the database; ' +
      'where it agrees with the level, find the reservation whose state or lines were changed.',
  );
}

function mismatch(
  kind: SumMismatch['kind'],
  sku: string,
  expected: bigint,
  found: bigint,
  because: string,
  proposal: string,
): SumMismatch {
  return {
    kind,
    subject: sku,
    expected: Number(expected),
    found: Number(found),
    because,
    proposal,
    repaired: false,
  };
}
