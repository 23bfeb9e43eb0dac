import type { FileAdjustment } from './adjustments-file.ts';
import type { KeyValueStore } from './import-store.ts';

// Not below `console.import`, whose changes other tabs follow.
const NAME = 'console.stock-imports';
const KEPT = 50;

/** When this browser last imported the same changes; a second import of them is rarely meant. */
export function importedAt(store: KeyValueStore, adjustments: readonly FileAdjustment[]): string | undefined {
  return read(store).find(([digest]) => digest === digestOf(adjustments))?.[1];
}

/** Remembers that these changes are imported. */
export function rememberImport(store: KeyValueStore, adjustments: readonly FileAdjustment[], at: string): void {
  const digest = digestOf(adjustments);
  const others = read(store).filter(([known]) => known !== digest);
  store.setItem(NAME, JSON.stringify([[digest, at], ...others].slice(0, KEPT)));
}

function read(store: KeyValueStore): [digest: string, at: string][] {
  try {
    return JSON.parse(store.getItem(NAME) ?? '[]');
  } catch {
    return [];
  }
}

/** FNV-1a over SKUs and units: reasons and the order of columns do not make it another delivery. For a warning only. */
function digestOf(adjustments: readonly FileAdjustment[]): string {
  let hash = 0x811c9dc5;
  for (const { sku, delta } of adjustments) {
    for (const character of `${sku} ${delta}\n`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    }
  }
  return `${adjustments.length}-${hash.toString(16)}`;
}
