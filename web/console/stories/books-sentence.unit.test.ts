import type { Reconciliation } from '@shop/client';
import { wordsIn } from '../../shared/words/words.ts';
import { booksSentence, durationOf } from './books-sentence.ts';

type Run = NonNullable<Reconciliation['lastRun']>;
const now = Date.parse('2026-01-05T12:00:12.000Z');

function aRun(more: Partial<Run> = {}): Run {
  return {
    id: '0195f0a0-0000-7000-8000-00000000000b',
    status: 'finished',
    full: true,
    startedAt: '2026-01-05T12:00:00.000Z',
    finishedAt: '2026-01-05T12:00:00.400Z',
    checked: { orders: 1_200, reservations: 34 },
    total: 0,
    kinds: {},
    repaired: 0,
    ...more,
  };
}

const said = (lastRun: Run | undefined, lastFinished: Run | undefined = lastRun) => {
  const { word, sentence } = booksSentence(
    { ...(lastRun && { lastRun }), ...(lastFinished && { lastFinished }) },
    wordsIn('en').books,
    now,
    'en',
  );
  return `${word}: ${sentence}`;
};

it.each([
  [undefined, undefined, 'unknown: Not compared yet.'],
  [aRun(), aRun(), 'agree: All 1,234 compared records agree.'],
  [aRun({ total: 2 }), aRun({ total: 2 }), 'differ: 2 of 1,234 compared records differ.'],
  [
    aRun({ total: 2, repaired: 1 }),
    aRun({ total: 2, repaired: 1 }),
    'differ: 2 of 1,234 compared records differ; for 1 the lost command was sent again.',
  ],
  [aRun({ status: 'running' }), aRun(), 'running: Comparing all records, for 12 s …'],
  [aRun({ status: 'running', full: false }), undefined, 'running: Comparing new and open records, for 12 s …'],
  [
    aRun({ status: 'failed', error: 'no response' }),
    aRun(),
    'failed: The last run failed and is repeated after a minute: no response',
  ],
])('says how the books are (%#)', (lastRun, lastFinished, sentence) => {
  expect(said(lastRun, lastFinished)).toBe(sentence);
});

it('does not count backwards when clocks differ', () => {
  expect(said(aRun({ status: 'running', startedAt: '2026-01-05T12:00:30.000Z' }))).toContain('for 0 s');
});

it('says how long a run took', () => {
  expect(durationOf(aRun())).toBe('0.4 s');
  expect(durationOf(aRun({ finishedAt: '2026-01-05T12:01:05.000Z' }))).toBe('65 s');
  expect(durationOf({ startedAt: '2026-01-05T12:01:05.000Z' })).toBe('');
});
