import type { OrderBody, OrderLine } from './order-request.ts';
import { invalidMembers, mergeLines, toOrderRequest, unitsPerSku } from './order-request.ts';

const line = (change: Partial<OrderLine> = {}): OrderLine => ({ sku: 'r.A', quantity: 1, unitPrice: 100, ...change });
const order = (lines: OrderLine[], change: Partial<OrderBody> = {}): OrderBody => ({
  customerId: 'r-1',
  currency: 'GBP',
  lines,
  ...change,
});
const pointersOf = (body: OrderBody, bytes = 100) => invalidMembers(body, bytes).map(({ pointer }) => pointer);

describe('toOrderRequest', () => {
  it('prefixes key, customer and SKUs with the run', () => {
    const sale = { invoiceNo: '536365', customer: '17850', lines: [{ stockCode: 'A', quantity: 2, unitPrice: 255 }] };
    const request = toOrderRequest('run', sale);
    expect(request).toMatchObject({ key: 'run-536365', customerId: 'run-17850', invalid: [] });
    expect(JSON.parse(request.body)).toEqual({
      customerId: 'run-17850',
      currency: 'GBP',
      lines: [{ sku: 'run.A', quantity: 2, unitPrice: 255 }],
    });
  });
});

describe('violations of the contract', () => {
  it('accepts an order at its limits', () => {
    const most = line({ sku: 'x'.repeat(64), quantity: 1_000_000, unitPrice: 1_000_000_000 });
    expect(pointersOf(order([most, line({ unitPrice: 0 })], { customerId: '😀'.repeat(100) }))).toEqual([]);
  });

  it.each([
    ['a SKU with a space', { sku: 'r.BANK CHARGES' }, '/lines/1/sku'],
    ['a SKU of 65 characters', { sku: 'x'.repeat(65) }, '/lines/1/sku'],
    ['a quantity of 0', { quantity: 0 }, '/lines/1/quantity'],
    ['a negative quantity', { quantity: -3 }, '/lines/1/quantity'],
    ['half a unit', { quantity: 1.5 }, '/lines/1/quantity'],
    ['a negative price', { unitPrice: -1 }, '/lines/1/unitPrice'],
    ['a fraction of a penny', { unitPrice: 0.1 }, '/lines/1/unitPrice'],
    ['a price above the limit', { unitPrice: 1_000_000_001 }, '/lines/1/unitPrice'],
  ])('refuses %s', (_, change, pointer) => {
    expect(pointersOf(order([line({ sku: 'r.B' }), line(change)]))).toContain(pointer);
  });

  it('counts lines after merging', () => {
    const lines = Array.from({ length: 1_001 }, (_, index) => line({ sku: `r.${index}` }));
    expect(pointersOf(order(lines))).toEqual(['/lines']);
    expect(pointersOf(order([...lines.slice(0, 1_000), line({ sku: 'r.0' })]))).toEqual([]);
    expect(pointersOf(order([]))).toEqual(['/lines']);
  });

  it('limits the units of a SKU over all its prices', () => {
    const half = 500_000;
    expect(pointersOf(order([line({ quantity: half }), line({ quantity: half, unitPrice: 2 })]))).toEqual([]);
    expect(pointersOf(order([line({ quantity: half }), line({ quantity: half + 1, unitPrice: 2 })]))).toEqual([
      '/lines',
    ]);
  });

  it('refuses customers with an empty or long name or control characters, and large bodies', () => {
    for (const customerId of ['', 'x'.repeat(101), 'a\u0007b', 'a\u200b', '\u202ea', 'a\u2028b', '\u0378']) {
      expect(pointersOf(order([line()], { customerId }))).toEqual(['/customerId']);
    }
    expect(pointersOf(order([line()]), 1024 * 1024 + 1)).toEqual(['']);
  });
});

describe('lines', () => {
  it('merges lines with the same SKU and price, and sums units over prices', () => {
    const lines = [line({ quantity: 2 }), line({ unitPrice: 5 }), line({ quantity: 3 })];
    expect(mergeLines(lines)).toEqual([line({ quantity: 5 }), line({ unitPrice: 5 })]);
    expect(unitsPerSku(lines)).toEqual(new Map([['r.A', 6]]));
    expect(lines[0]).toEqual(line({ quantity: 2 }));
  });
});
