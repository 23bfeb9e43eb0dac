import { moneyText } from './money-text.ts';

it.each([
  [4770, 'EUR', 'en', '€47.70'],
  [4770, 'EUR', 'de', '47,70\u00a0€'],
  [500, 'JPY', 'en', '¥500'],
  [0, 'USD', 'en', '$0.00'],
] as const)('%i minor units of %s in %s are %s', (amount, currency, locale, text) => {
  expect(moneyText(amount, currency, locale)).toBe(text);
});
