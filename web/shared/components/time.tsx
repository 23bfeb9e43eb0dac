import { useSyncExternalStore } from 'react';
import { locale } from '../words/locale.ts';
import { exactTime, relativeTime } from './time-text.ts';

interface TimeProps {
  /** ISO 8601. */
  at: string;
}

/** A moment: how long ago it was, and on hover and for screen readers the exact time. */
export function Time({ at }: TimeProps) {
  const now = useNow();
  const exact = exactTime(at, locale);
  return (
    <time dateTime={at} title={exact}>
      <span aria-hidden="true">{relativeTime(at, now, locale)}</span>
      <span className="visually-hidden">{exact}</span>
    </time>
  );
}

// Texts change by the second only in the first minute.
const TICK_MS = 5_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, moved on for all at once. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
