import { duration, exactTime, relativeTime } from './time-text.ts';

const at = '2026-03-01T12:00:00.000Z';
const after = (ms: number) => Date.parse(at) + ms;

it.each([
  [0, '0s ago'],
  [-5_000, '0s ago'],
  [12_000, '12s ago'],
  [240_000, '4m ago'],
  [3 * 3_600_000, '3h ago'],
  [2 * 86_400_000, '2d ago'],
  [30 * 86_400_000, 'Mar 1'],
  [400 * 86_400_000, 'Mar 1, 2026'],
])('%i ms later it reads %s', (ms, text) => {
  expect(relativeTime(at, after(ms), 'en')).toBe(text);
});

it('has the exact time in UTC', () => {
  expect(exactTime(at, 'en')).toMatch(/^2026-03-01 12:00:00[.]000 UTC \(/);
});

it.each([
  [-3, '0 ms'],
  [38, '38 ms'],
  [4_100, '4.1 s'],
  [45_400, '45 s'],
  [252_000, '4 min 12 s'],
  [3 * 3_600_000, '3 h'],
  [100 * 3_600_000, '4 d 4 h'],
])('%i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
