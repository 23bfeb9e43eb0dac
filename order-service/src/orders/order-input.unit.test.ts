import { fingerprintOf } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import { placeOrderBody } from './order-input.ts';
import { placeOrder } from './order-operations.ts';

const valid = { customerId: 'c-1', currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1 }] };
const manyLines = (count: number) => Array.from({ length: count }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }));

function isRefused(body: unknown): boolean {
  return !placeOrderBody.safeParse(body).success;
}

describe('placeOrderBody', () => {
  it('takes an order with and without prices', () => {
    expect(placeOrderBody.parse(valid)).toEqual(valid);
    expect(isRefused({ ...valid, lines: [{ sku: 'MUG', quantity: 1_000_000, unitPrice: 1_000_000_000 }] })).toBe(false);
  });

  it.each([
    ['an array', []],
    ['an unknown member', { ...valid, note: 'x' }],
    [
      'a prototype key',
      JSON.parse('{"customerId":"c","currency":"EUR","lines":[{"sku":"A","quantity":1}],"__proto__":{}}'),
    ],
    ['an unknown member of a line', { ...valid, lines: [{ sku: 'A', quantity: 1, colour: 'red' }] }],
    ['no lines', { ...valid, lines: [] }],
    ['a quantity of zero', { ...valid, lines: [{ sku: 'A', quantity: 0 }] }],
    ['a negative quantity', { ...valid, lines: [{ sku: 'A', quantity: -1 }] }],
    ['half a unit', { ...valid, lines: [{ sku: 'A', quantity: 1.5 }] }],
    ['a quantity as text', { ...valid, lines: [{ sku: 'A', quantity: '1' }] }],
    ['an overflowing quantity', { ...valid, lines: [{ sku: 'A', quantity: 1_000_001 }] }],
    [
      'quantities that overflow together',
      {
        ...valid,
        lines: [
          { sku: 'A', quantity: 600_000, unitPrice: 1 },
          { sku: 'A', quantity: 600_000, unitPrice: 2 },
        ],
      },
    ],
    ['a price beyond a thousand million', { ...valid, lines: [{ sku: 'A', quantity: 1, unitPrice: 1_000_000_001 }] }],
    ['a SKU with a space', { ...valid, lines: [{ sku: 'BANK CHARGES', quantity: 1 }] }],
    ['a SKU of 65 characters', { ...valid, lines: [{ sku: 'A'.repeat(65), quantity: 1 }] }],
    ['an unknown currency', { ...valid, currency: 'EURO' }],
    ['a currency in lower case', { ...valid, currency: 'eur' }],
    ['a SKU that means a folder', { ...valid, lines: [{ sku: '..', quantity: 1 }] }],
    ['a customer that nobody can see', { ...valid, customerId: 'a\u200bb' }],
    ['an empty customer', { ...valid, customerId: '' }],
    ['a customer of 101 characters', { ...valid, customerId: 'x'.repeat(101) }],
    ['a control character', { ...valid, customerId: 'a\u0000b' }],
    ['half a surrogate pair', { ...valid, customerId: 'a\ud800' }],
    ['1,001 lines', { ...valid, lines: manyLines(1_001) }],
  ])('refuses %s', (_what, body) => {
    expect(isRefused(body)).toBe(true);
  });

  it('counts lines after merging', () => {
    const twice = [...manyLines(1_000), ...manyLines(1_000)];
    expect(placeOrderBody.parse({ ...valid, lines: twice }).lines).toHaveLength(1_000);
  });
});

describe('the fingerprint of an order', () => {
  it('does not depend on the order of lines or on how they were split', () => {
    const split = {
      ...valid,
      lines: [
        { sku: 'B', quantity: 1 },
        { sku: 'A', quantity: 1 },
        { sku: 'B', quantity: 2 },
      ],
    };
    const merged = {
      ...valid,
      lines: [
        { sku: 'A', quantity: 1 },
        { sku: 'B', quantity: 3 },
      ],
    };
    const [one, other] = [split, merged].map((body) => fingerprintOf(placeOrder, placeOrderBody.parse(body)).bytes);
    expect(one).toEqual(other);
  });
});
