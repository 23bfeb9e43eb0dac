import { currencies } from './currencies.ts';
import { placeOrderBody } from './order-input.ts';

const isTaken = (currency: string) =>
  placeOrderBody.safeParse({ customerId: 'c', currency, lines: [{ sku: 'A', quantity: 1 }] }).success;

describe('the currencies of an order', () => {
  it.each(['EUR', 'USD', 'XAD', 'XCG', 'ZWG', 'XXX'])('include %s, which is in use', (code) => {
    expect(isTaken(code)).toBe(true);
  });

  it.each(['HRK', 'ANG', 'BGN', 'DEM', 'CUC', 'SLL', 'ZWL', 'XEU'])('include %s, which was withdrawn', (code) => {
    expect(isTaken(code)).toBe(true);
  });

  it.each(['EURO', 'eur', 'EU', 'ABC', 'BTC', 'CNH', '', 'XA1'])('do not include %j', (code) => {
    expect(isTaken(code)).toBe(false);
  });

  // Fails with a new version of Node that knows a newer ISO 4217: add those codes.
  it('include all that this runtime knows', () => {
    expect(Intl.supportedValuesOf('currency').filter((code) => !currencies.has(code))).toEqual([]);
  });

  it('are three capital letters each, and none is in both lists', () => {
    expect([...currencies].filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    // 178 of list one and 132 of list three: a code in both would make it less.
    expect(currencies.size).toBe(310);
  });
});
