import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readOrders } from './orders-file.ts';
import { completeSales } from './sales.ts';

const header = 'InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orders-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(content: string | Buffer) {
  const path = join(folder, 'orders.csv');
  writeFileSync(path, content);
  return readOrders(path);
}

describe('readOrders', () => {
  it('finds the columns by name, with InvoiceDate as UCI publishes it, and behind a byte order mark', async () => {
    const ledger = await read(
      '\ufeff"InvoiceNo",StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n' +
        '536365,85123A,"HEART, ""WHITE""",6,12/1/2010 8:26,2.55,17850,United Kingdom\r\n',
    );
    expect(completeSales(ledger)).toEqual([
      { invoiceNo: '536365', customer: '17850', lines: [{ stockCode: '85123A', quantity: 6, unitPrice: 255 }] },
    ]);
    expect(ledger.names.get('85123A')).toBe('HEART, "WHITE"');
    expect(ledger.badRows).toEqual([]);
  });

  it('unpacks gzip whatever the file is called', async () => {
    const ledger = await read(gzipSync(`${header}\n1,A,a,1,1,2,UK\n`));
    expect(completeSales(ledger)).toHaveLength(1);
  });

  it('reads names in UTF-8 and in the code page of Windows', async () => {
    const ledger = await read(
      Buffer.concat([
        Buffer.from(`${header}\n1,A,£1 café,1,1,2,UK\n1,B,`),
        Buffer.from([0xa3]),
        Buffer.from('2,1,1,2,UK\n'),
      ]),
    );
    expect(ledger.names).toEqual(
      new Map([
        ['A', '£1 café'],
        ['B', '£2'],
      ]),
    );
  });

  it('reports a row with another number of columns, by its line', async () => {
    const ledger = await read(`${header}\n1,A,a,1,1,2,UK\n\n2,A,a,1\n3,A,a,1,1,2,UK\n`);
    expect(ledger.badRows).toEqual([{ line: 4, reason: '4 columns instead of 7' }]);
    expect(completeSales(ledger).map((sale) => sale.invoiceNo)).toEqual(['1', '3']);
    expect(ledger.rows).toBe(3);
  });

  it('takes quotes inside a field for inches', async () => {
    const ledger = await read(`${header}\n1,A,12" RULER,1,1,2,UK\n2,B,"a"b,1,1,2,UK\n`);
    expect([...ledger.names.values()]).toEqual(['12" RULER', '"a"b']);
    expect(ledger.badRows).toEqual([]);
  });

  it.each(['\n', '\r\n'])('reports every line that a forgotten quote swallows, and reads on (%j)', async (end) => {
    const rows = [
      header,
      '1,A,a,1,1,2,UK',
      '',
      '2,A,"a,1,1,2,UK',
      '3,A,a,1,1,2,UK',
      '4,A,"a",1,1,2,UK',
      '1,B,b,1,1,2,UK',
    ];
    const ledger = await read(`${rows.join(end)}${end}`);
    expect(ledger.badRows.map((bad) => bad.line)).toEqual([4, 5, 6]);
    expect([...ledger.incomplete]).toEqual(['2', '3', '4']);
    expect(completeSales(ledger)).toMatchObject([{ invoiceNo: '1', lines: [{ stockCode: 'A' }, { stockCode: 'B' }] }]);
  });

  it('reports a quote that never ends', async () => {
    const ledger = await read(`${header}\n1,A,a,1,1,2,UK\n2,A,"a,1,1,2,UK\n1,B,b,1,1,2,UK\n`);
    expect(ledger.badRows).toEqual([
      { line: 3, reason: expect.stringContaining('Quote Not Closed') },
      { line: 4, reason: expect.stringContaining('Quote Not Closed') },
    ]);
    expect(completeSales(ledger)).toEqual([]);
  });

  it('names the columns that are missing', async () => {
    await expect(read('InvoiceNo,Quantity\n1,2\n')).rejects.toThrow(
      'no column StockCode, Description, UnitPrice, CustomerID',
    );
  });

  it('says that a file is empty, broken or not there', async () => {
    await expect(read('')).rejects.toThrow('is empty');
    const whole = gzipSync(`${header}\n${'1,A,a,1,1,2,UK\n'.repeat(1000)}`);
    await expect(read(whole.subarray(0, whole.length - 20))).rejects.toThrow('cannot be read');
    await expect(readOrders(join(folder, 'missing.csv'))).rejects.toThrow('cannot be read: ENOENT');
    await expect(readOrders(folder)).rejects.toThrow('cannot be read: EISDIR');
  });
});
