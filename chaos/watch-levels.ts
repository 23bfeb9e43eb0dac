import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Evidence } from './evidence.ts';

const INTERVAL_MS = 500;

/** Repeatedly checks for negative, oversold or unexplained stock levels; each check is one snapshot. */
export function watchLevels(inventory: pg.Pool): { stop: () => Promise<Evidence['samples']> } {
  const samples = { checked: 0, findings: [] as string[] };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      // The query fails while the database is down, which is not a violation.
      const wrong = await wrongLevels(inventory).catch(() => undefined);
      if (wrong !== undefined) samples.checked += 1;
      samples.findings.push(...(wrong ?? []));
      await delay(INTERVAL_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return samples;
    },
  };
}

async function wrongLevels(inventory: pg.Pool): Promise<string[]> {
  const { rows } = await inventory.query<Record<string, string>>(/* sql */ `
    WITH ledger AS (
      SELECT sku, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved FROM stock_movements GROUP BY sku
    ), held AS (
      SELECT sku, sum(quantity) AS quantity FROM reservation_lines l
      JOIN reservations r ON r.id = l.reservation_id WHERE r.state = 'held' GROUP BY sku
    )
    SELECT sku, l.on_hand, l.reserved, ledger.on_hand AS ledger_on_hand, ledger.reserved AS ledger_reserved, quantity AS held
    FROM stock_levels l LEFT JOIN ledger USING (sku) LEFT JOIN held USING (sku)
    WHERE l.reserved < 0 OR l.reserved > l.on_hand OR l.reserved <> coalesce(quantity, 0)
      OR l.on_hand <> coalesce(ledger.on_hand, 0) OR l.reserved <> coalesce(ledger.reserved, 0)`);
  return rows.map((row) => JSON.stringify({ at: new Date().toISOString(), ...row }));
}
