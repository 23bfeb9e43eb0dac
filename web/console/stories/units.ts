import type { Product } from '@shop/client';
import type { Locale } from '../../shared/words/words.ts';

/** How a level looks to those who refill it. */
export type LevelState = 'sold-out' | 'low' | 'in-stock';

// As the shop shows “2 left”.
const LOW_BELOW = 5;

export function levelStateOf({ available }: Pick<Product, 'available'>): LevelState {
  if (available === 0) return 'sold-out';
  return available < LOW_BELOW ? 'low' : 'in-stock';
}

/** A number of units: `12,340`. */
export function unitsText(units: number, locale: Locale): string {
  return units.toLocaleString(locale);
}

/** A change of units, with its sign: `+3`, `−3`; nothing for none. */
export function changeText(units: number, locale: Locale): string {
  if (units === 0) return '';
  return `${units > 0 ? '+' : '−'}${Math.abs(units).toLocaleString(locale)}`;
}

/** Whole units as people type them, with a sign if `isChange`; undefined for anything else. */
export function parseUnits(text: string, isChange: boolean): number | undefined {
  const plain = text.trim().replace('−', '-');
  if (!(isChange ? /^[+-]?[0-9]{1,10}$/ : /^[0-9]{1,15}$/).test(plain)) return undefined;
  const units = Number(plain);
  return isChange && (units === 0 || Math.abs(units) > 1_000_000_000) ? undefined : units;
}
