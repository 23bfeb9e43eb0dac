import type { Product } from '@shop/client';
import type { FileAdjustment } from './adjustments-file.ts';
import { formatCsv } from './csv.ts';
import type { LineResult } from './import-run.ts';

/** All levels as a file. Its empty columns can be filled in, and the file imported. */
export function levelsAsCsv(products: readonly Product[]): string {
  const rows = products.map(({ sku, name, onHand, reserved, available }) => [
    sku,
    name,
    onHand,
    reserved,
    available,
    '',
    '',
  ]);
  return formatCsv([['sku', 'name', 'on_hand', 'reserved', 'available', 'delta', 'reason'], ...rows]);
}

/** What became of each line of an import. */
export function resultsAsCsv(lines: readonly (FileAdjustment & Partial<LineResult>)[]): string {
  const rows = lines.map(({ line, sku, delta, reason, onHand, code }) => [
    line,
    sku,
    delta,
    reason,
    code ?? (onHand === undefined ? '' : 'made'),
    onHand ?? '',
  ]);
  return formatCsv([['line', 'sku', 'delta', 'reason', 'result', 'on_hand'], ...rows]);
}
