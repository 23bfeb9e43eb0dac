import type { DeadLetter } from '@shop/client';
import { wordsIn } from '../../shared/words/words.ts';
import { letterEvents, readableBody, setAsideAt } from './dead-letters.ts';

const words = wordsIn('en').failures;
const aLetter = (history: object[]) =>
  ({ id: '0199a2b4-0000-7000-8000-000000000001', reason: 'attempts-exhausted', history }) as unknown as DeadLetter;
const at = '2026-01-05T09:30:00.000Z';

it('tells the history of a dead letter, with who did what', () => {
  const letter = aLetter([
    { type: 'failed', at, message: 'no connection', stack: 'Error: no connection\n  at x' },
    { type: 'dead-lettered', at, reason: 'attempts-exhausted', detail: 'Error: no connection\n  at x' },
    { type: 'replayed', at, actor: 'staff:1', correlationId: 'c' },
    { type: 'discarded', at, actor: 'staff:2', correlationId: 'c', reason: 'sent by mistake' },
  ]);
  expect(letterEvents(letter, words).map(({ title, who, detail, mood }) => [title, who, detail, mood])).toEqual([
    ['An attempt failed', undefined, 'no connection', 'bad'],
    ['Set aside for a person', undefined, 'Error: no connection', 'bad'],
    ['Replayed', 'staff:1', undefined, 'normal'],
    ['Discarded', 'staff:2', 'sent by mistake', 'normal'],
  ]);
});

it('reads attempts whatever a header says', () => {
  const letter = aLetter([{ type: 'failed', at: 'yesterday', message: 7, stack: null }, { type: 'failed' }]);
  expect(letterEvents(letter, words)).toEqual([
    { key: '0', title: 'An attempt failed', mood: 'bad' },
    { key: '1', title: 'An attempt failed', mood: 'bad' },
  ]);
});

it('knows when it was set aside last', () => {
  const later = '2026-01-06T09:30:00.000Z';
  const dead = (time: string) => ({ type: 'dead-lettered', at: time, reason: 'x' });
  expect(setAsideAt(aLetter([dead(at), { type: 'replayed', at }, dead(later)]))).toBe(later);
  expect(setAsideAt(aLetter([]))).toBe('2025-10-02T02:15:29.536Z');
});

it.each([
  ['{"a":1}', '{\n  "a": 1\n}'],
  ['{"a":', '{"a":'],
  ['', ''],
])('shows the body %j as %j', (body, text) => {
  expect(readableBody(body)).toBe(text);
});
