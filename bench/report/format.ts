import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import type { Verdict } from '../goals.ts';
import type { Spread } from '../statistics.ts';

/** Three significant digits, thousands with commas. */
export function digits(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === 0) return '0';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** The median, and the range of the rounds. */
export function spread(value: Spread | undefined, unit = ''): string {
  if (!value) return '–';
  const [median, least, most] = [value.median, value.least, value.most].map(digits);
  return least === most ? `${median}${unit}` : `${median}${unit} (${least}–${most})`;
}

/** The unexpected outcomes, most frequent first. */
export function failuresText(failures: Record<string, number>): string {
  return Object.entries(failures)
    .sort(orderBy(([, count]) => -count))
    .map(([name, count]) => `${name} ×${count.toLocaleString('en-US')}`)
    .join(', ');
}

/** A verdict in words. */
export function meetsText({ meets, isClean }: Verdict): string {
  const text = { goal: 'goal met', must: 'met, goal not', neither: 'not met' };
  if (!meets) return 'not measured';
  return isClean ? text[meets] : `${text[meets]} (disturbed)`;
}

/** The value of a verdict with its unit. */
export function valueText({ value, unit }: Verdict): string {
  return spread(value, unit === 'x' ? ' x' : unit === 'MB' ? ' MB' : '');
}

/** The target of a goal. */
export function aimText({ must, goal, better, unit }: Verdict): string {
  const sign = better === 'more' ? '≥' : '≤';
  const suffix = unit === 'x' ? ' x' : unit === 'MB' ? ' MB' : '';
  return must === goal ? `${sign} ${must}${suffix}` : `${sign} ${must}${suffix}, goal ${goal}${suffix}`;
}
