import { changeText, levelStateOf, parseUnits, unitsText } from './units.ts';

it.each([
  [0, 'sold-out'],
  [1, 'low'],
  [4, 'low'],
  [5, 'in-stock'],
] as const)('%i available units are %s', (available, state) => {
  expect(levelStateOf({ available })).toBe(state);
});

it.each([
  [3, 'en', '+3'],
  [-1234, 'en', '−1,234'],
  [-1234, 'de', '−1.234'],
  [0, 'en', ''],
] as const)('a change of %i in %s is %j', (units, locale, text) => {
  expect(changeText(units, locale)).toBe(text);
});

it('writes units as the language does', () => {
  expect([unitsText(12_340, 'en'), unitsText(12_340, 'de')]).toEqual(['12,340', '12.340']);
});

it.each([
  ['100', true, 100],
  [' +5 ', true, 5],
  ['−5', true, -5],
  ['-1000000000', true, -1_000_000_000],
  ['-1000000001', true, undefined],
  ['0', true, undefined],
  ['0', false, 0],
  ['-1', false, undefined],
  ['1.5', true, undefined],
  ['1,000', false, undefined],
  ['', false, undefined],
  ['12a', true, undefined],
])('%j, as a change: %s, is %s', (text, isChange, units) => {
  expect(parseUnits(text, isChange)).toBe(units);
});
