import type { Locale } from '../words/words.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** “12s ago”, “4m ago”, “3h ago”, and a date when it is more than a week. */
export function relativeTime(at: string, now: number, locale: Locale): string {
  const ms = now - Date.parse(at);
  if (Math.abs(ms) > 7 * DAY) return dateOf(at, now, locale);
  const [unit, size] = unitOf(Math.abs(ms));
  const format = new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'always' });
  // A clock that is a little ahead must not show the future.
  const count = Math.round(ms / size);
  return format.format(ms > -MINUTE ? -Math.max(count, 0) : -count, unit);
}

function unitOf(ms: number): [Intl.RelativeTimeFormatUnit, number] {
  if (ms < MINUTE) return ['second', SECOND];
  if (ms < HOUR) return ['minute', MINUTE];
  return ms < DAY ? ['hour', HOUR] : ['day', DAY];
}

function dateOf(at: string, now: number, locale: Locale): string {
  const date = new Date(at);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(locale, {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
  });
}

/** The exact time, in UTC as logs have it, and here. */
export function exactTime(at: string, locale: Locale): string {
  const local = new Date(at).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  return `${at.slice(0, 23).replace('T', ' ')} UTC (${local})`;
}

/** A duration: “38 ms”, “4.1 s”, “4 min 12 s”, “3 h 5 min”, “2 d 4 h”. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return inTwoUnits(ms, MINUTE, 'min', SECOND, 's');
  if (ms < DAY) return inTwoUnits(ms, HOUR, 'h', MINUTE, 'min');
  return inTwoUnits(ms, DAY, 'd', HOUR, 'h');
}

function inTwoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const count = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? `${count} ${largeName}` : `${count} ${largeName} ${rest} ${smallName}`;
}
