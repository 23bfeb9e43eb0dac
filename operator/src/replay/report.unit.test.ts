import { stripVTControlCharacters } from 'node:util';
import { bar, withProgress } from '../progress-line.ts';
import type { SaleEvidence } from './audit.ts';
import { invalidReasons, type Report, renderReport, summarize } from './report.ts';
import { emptyTally, percentilesOf, recordMs } from './tally.ts';

const refused = (key: string, ...pointers: string[]): SaleEvidence => ({
  key,
  lines: [],
  invalid: true,
  requests: 1,
  answers: [
    {
      status: 400,
      code: 'validation-failed',
      replayed: false,
      content: key,
      errors: pointers.map((pointer) => ({ pointer, detail: 'Too small' })),
    },
  ],
});

describe('invalidReasons', () => {
  it('counts sales by reason, regardless of the line', () => {
    const sales = [
      refused('a', '/lines/0/quantity', '/lines/7/quantity'),
      refused('b', '/lines/12/quantity'),
      refused('c', '/lines'),
    ];
    expect(invalidReasons(sales)).toEqual([
      { pointer: '/lines/*/quantity', detail: 'Too small', sales: 2, example: 'a' },
      { pointer: '/lines', detail: 'Too small', sales: 1, example: 'c' },
    ]);
  });
});

describe('percentilesOf', () => {
  it('has milliseconds with one decimal', () => {
    const { placing } = emptyTally();
    for (let ms = 1; ms <= 100; ms += 1) recordMs(placing, ms);
    const percentiles = percentilesOf(placing);
    expect(percentiles?.count).toBe(100);
    expect(percentiles?.p50).toBeCloseTo(50, 0);
    expect(percentiles?.p95).toBeCloseTo(95, 0);
    expect(percentiles?.max).toBeCloseTo(100, 0);
  });

  it('is undefined if nothing was measured', () => {
    expect(percentilesOf(emptyTally().placing)).toBeUndefined();
  });
});

describe('renderReport', () => {
  const tally = emptyTally();
  Object.assign(tally.outcomes, { confirmed: 7, rejected: 2, invalid: 1 });
  recordMs(tally.deciding, 1500);
  const report: Report = {
    run: 'r1',
    file: 'orders.csv',
    baseUrl: 'http://127.0.0.1:8000',
    input: {
      rows: 100,
      sales: 12,
      cancellations: 3,
      badRows: Array.from({ length: 25 }, (_, line) => ({ line, reason: 'broken' })),
      incompleteSales: ['55'],
      leftOut: 1,
    },
    products: { made: 5, units: 50 },
    requests: { sent: 30, duplicates: 11, replays: 9, repeats: { '503 unavailable': 4 } },
    ...summarize(
      tally,
      Array.from({ length: 11 }, () => refused('k', '/lines/0/sku')),
      2,
    ),
    accepted: { answers: 2, orders: 1, decideMs: percentilesOf(tally.deciding) },
    audit: {
      passed: false,
      stockLooks: 10,
      checks: [
        { name: 'stock', checked: 5, findings: [{ subject: 'r1.A', expected: '5 reserved', found: '6 reserved' }] },
      ],
    },
  };
  const text = stripVTControlCharacters(renderReport(report));

  it.each([
    ['what was read', '100 rows: 12 sales, 3 cancellations (not replayed)'],
    ['bad rows', '25; not placed for missing rows: 55'],
    ['each bad row', 'line 19: broken'],
    ['the number of others', 'and 5 more'],
    ['what was placed', 'placed         9 of 11'],
    ['why sales were refused', '11 × /lines/*/sku: Too small (such as k)'],
    ['the number of unanswered orders', 'unanswered     1'],
    ['repeats by cause', '4 503 unavailable'],
    ['the times of orders with 202', '2 responses for 1 orders, 1 decided; p50 1.5 s'],
    ['the speed', '5 orders/s over 2 s'],
    ['what the audit found', '✗ stock (5 checked, 1 wrong)\n      r1.A: expected 5 reserved; found 6 reserved'],
    ['the verdict', 'Audit: FAILED'],
  ])('says %s', (_, expected) => {
    expect(text).toContain(expected);
  });
});

describe('progress', () => {
  const screen = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, isTTY, columns: 30, write: (text: unknown) => written.push(String(text)) > 0 };
  };

  it('draws a bar', () => {
    expect(bar(800, 2000)).toBe('[########------------]  40 %  800/2000');
    expect(bar(0, 0)).toContain('100 %');
  });

  it('rewrites one line on a terminal without wrapping', async () => {
    const terminal = screen(true);
    expect(
      await withProgress(
        terminal,
        () => 'x'.repeat(99),
        async () => 'done',
      ),
    ).toBe('done');
    expect(terminal.written.at(-1)).toBe('\n');
    expect(terminal.written.slice(0, -1).every((text) => text === `\r\x1b[2K${'x'.repeat(29)}`)).toBe(true);
  });

  it('writes plain lines otherwise, and the last one at the end', async () => {
    const file = screen(false);
    await withProgress(
      file,
      () => 'all done',
      async () => undefined,
    );
    expect(file.written).toEqual(['all done\n']);
  });
});
