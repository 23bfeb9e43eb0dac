/**
 * Reconciliation within inventory-service: compares the ledger with the stock levels, and the held reservations with `reserved`.
 * Each comparison uses one snapshot. Both sides agree at every instant, so work in progress cannot cause a mismatch, and no
 * grace period is needed.
 *
 * Nothing is repaired, because only counting shows which of two records is right.
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

/** All kinds of mismatch that {@link compareSums} reports. */
export const mismatchKinds = ['ledger-on-hand', 'ledger-reserved', 'held-reservations'] as const;

type SumMismatch = Mismatch & { kind: (typeof mismatchKinds)[number] };

/**
 * Compare all products, page by page. Unless the run is full, it continues from the sums of the last run, and skips the held
 * reservations, which have no index; unless they are known to differ.
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

/** The mismatches between a stock level and its ledger. */
export function ledgerMismatches(sums: LedgerSums): SumMismatch[] {
  const { sku, onHand, reserved, ledgerOnHand, ledgerReserved } = sums;
  const because = 'This is the sum of the movements in the ledger.';
  const proposal =
    `Find the change that only one of them has: compare GET /products/${sku}/movements with its orders and ` +
    'deliveries, and count the units. Then, as the owner of the database, correct the level or add the missing movement; ' +
    'an adjustment changes both and does not correct the difference.';
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
    'This is the sum of the lines of the held reservations.',
    'Compare with the ledger. If it agrees with the reservations, correct the level as the owner of the database. ' +
      'If it agrees with the level, find the reservation whose state or lines were changed.',
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
