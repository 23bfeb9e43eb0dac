import fc from 'fast-check';
import { parsePence, parseQuantity } from './amounts.ts';

describe('parsePence', () => {
  it.each([
    ['2.55', 255],
    ['1.1', 110],
    ['5', 500],
    ['5.', 500],
    ['0', 0],
    ['-0.00', 0],
    ['-11062.06', -1106206],
    [' 4.35 ', 435],
    ['2.5500', 255],
    ['8142.75', 814275],
  ])('reads %s as %d', (text, pence) => {
    expect(parsePence(text)).toBe(pence);
  });

  it('keeps a fraction of a penny, for the API to refuse', () => {
    expect(parsePence('0.001')).toBe(0.1);
  });

  it('refuses a fraction that would be lost in rounding', () => {
    expect(parsePence('2.5500000000000000000001')).toBeUndefined();
  });

  it.each(['', '.', 'free', '1,50', '1,234.50', '£2.55', '1e3', '1.2.3', '0x10', 'NaN', '--1'])(
    'refuses %j',
    (text) => {
      expect(parsePence(text)).toBeUndefined();
    },
  );

  it('is exact for every price of two decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (pence) => {
        const text = `${Math.floor(pence / 100)}.${String(pence % 100).padStart(2, '0')}`;
        expect(parsePence(text)).toBe(pence);
      }),
    );
  });
});

describe('parseQuantity', () => {
  it.each([
    ['6', 6],
    ['-3', -3],
    ['12.0', 12],
    ['1.5', 1.5],
    ['-0', 0],
  ])('reads %s as %d', (text, quantity) => {
    expect(parseQuantity(text)).toBe(quantity);
  });

  it.each(['', 'six', '1 000', '1,200', '1E+3'])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});
