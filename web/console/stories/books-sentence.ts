import type { Reconciliation } from '@shop/client';
import type { Mood } from '../../shared/components/status.tsx';
import type { Locale, Words } from '../../shared/words/words.ts';

/** How the books of a service are, in a word and in a sentence. */
export interface BooksSentence {
  mood: Mood;
  mark: string;
  word: string;
  sentence: string;
}

/** What the last comparisons say at this time. A run in progress or a failed one does not replace the result before it. */
export function booksSentence(
  { lastRun, lastFinished }: Pick<Reconciliation, 'lastRun' | 'lastFinished'>,
  words: Words['books'],
  now: number,
  locale: Locale,
): BooksSentence {
  if (lastRun?.status === 'running') {
    const seconds = Math.max(0, Math.round((now - Date.parse(lastRun.startedAt)) / 1_000));
    const sentence = lastRun.full ? words.running(seconds) : words.runningPart(seconds);
    return { mood: 'waiting', mark: '◐', word: words.isRunning, sentence };
  }
  if (lastRun?.status === 'failed') {
    return { mood: 'bad', mark: '✕', word: words.failing, sentence: words.failed(lastRun.error ?? '') };
  }
  if (!lastFinished) return { mood: 'quiet', mark: '○', word: words.unknown, sentence: words.neverCompared };
  const count = (number: number) => number.toLocaleString(locale);
  const { total, repaired } = lastFinished;
  const checked = count(checkedIn(lastFinished));
  if (total === 0) return { mood: 'good', mark: '✓', word: words.agreeing, sentence: words.agree(checked) };
  const sentence =
    repaired > 0 ? words.differRepaired(count(total), checked, count(repaired)) : words.differ(count(total), checked);
  return { mood: 'bad', mark: '✕', word: words.differing, sentence };
}

/** How many records a run has compared. */
function checkedIn({ checked }: NonNullable<Reconciliation['lastFinished']>): number {
  return Object.values(checked).reduce((sum, number) => sum + number, 0);
}

/** How long a run took: `0.4 s`. */
export function durationOf({ startedAt, finishedAt }: { startedAt: string; finishedAt?: string | undefined }): string {
  if (finishedAt === undefined) return '';
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}
