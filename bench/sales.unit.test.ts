import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { makeSales, readSales } from './sales.ts';

describe('made orders', () => {
  const sales = makeSales(10_000, 1);
  const lines = sales.map(({ size }) => size).sort((a, b) => a - b);

  it('have as many lines as those of a real shop: 12 or 13 in the median, 675 at most', () => {
    expect([12, 13]).toContain(lines[5_000]);
    expect(lines[0]).toBe(1);
    expect(lines.at(-1)).toBeLessThanOrEqual(675);
    expect(lines.at(-1)).toBeGreaterThan(550);
    expect(lines.filter((count) => count > 100).length / 10_000).toBeCloseTo(0.03, 2);
  });

  it('have few products often', () => {
    const counts = new Map<string, number>();
    for (const sku of sales.flatMap((sale) => [...sale.keys()])) counts.set(sku, (counts.get(sku) ?? 0) + 1);
    const all = lines.reduce((sum, count) => sum + count, 0);
    const first = [...counts.values()].sort((a, b) => b - a).slice(0, 270);
    expect(first.reduce((sum, count) => sum + count, 0) / all).toBeGreaterThan(0.3);
    expect(counts.size).toBeGreaterThan(2_700);
  });

  it('are the same each time', () => {
    expect(makeSales(10, 7)).toEqual(makeSales(10, 7));
    expect(makeSales(10, 7)).not.toEqual(makeSales(10, 8));
  });
});

describe('orders of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-sales-'));
  atEnd(() => rmSync(folder, { recursive: true }));

  it('are the valid ones, with the lines of a product merged', async () => {
    const file = join(folder, 'orders.csv');
    writeFileSync(
      file,
      `InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID
1,A,one,2,1.50,7
1,B,two,1,1.50,7
1,A,one,3,1.25,7
2,A,one,0,1.50,8
3,B,two,4,1.50,
`,
    );
    const { sales, skus } = await readSales(file);
    expect(skus).toEqual(['sale.A', 'sale.B']);
    expect(sales.map(({ lines, body }) => [lines, JSON.parse(body).lines])).toEqual([
      [
        2,
        [
          { sku: 'sale.A', quantity: 5 },
          { sku: 'sale.B', quantity: 1 },
        ],
      ],
      [1, [{ sku: 'sale.B', quantity: 4 }]],
    ]);
  });

  it('cannot be read from a missing file', async () => {
    await expect(readSales(join(folder, 'none.csv'))).rejects.toThrow(/^Could not read .*none\.csv:/);
  });
});
