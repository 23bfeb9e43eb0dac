import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { readOrders } from './orders-file.ts';
import { completeSales } from './sales.ts';

const header = 'InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orders-'));
  atEnd(() => rmSync(folder, { recursive: true }));
});

function read(content: string | Buffer) {
  const path = join(folder, 'orders.csv');
  writeFileSync(path, content);
  return readOrders(path);
}

describe('readOrders', () => {
  it('finds the columns by name, with the InvoiceDate of UCI, and after a byte order mark', async () => {
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

  it('unpacks gzip regardless of the file name', async () => {
    const ledger = await read(gzipSync(`${header}\n1,A,a,1,1,2,UK\n`));
    expect(completeSales(ledger)).toHaveLength(1);
  });

  it('reads names in UTF-8 and in Windows-1252', async () => {
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

  it('reports a row with a wrong number of columns, by its line', async () => {
    const ledger = await read(`${header}\n1,A,a,1,1,2,UK\n\n2,A,a,1\n3,A,a,1,1,2,UK\n`);
    expect(ledger.badRows).toEqual([{ line: 4, reason: '4 columns instead of 7' }]);
    expect(completeSales(ledger).map((sale) => sale.invoiceNo)).toEqual(['1', '3']);
    expect(ledger.rows).toBe(3);
  });

  it('accepts quotes inside a field as inches', async () => {
    const ledger = await read(`${header}\n1,A,12" RULER,1,1,2,UK\n2,B,"a"b,1,1,2,UK\n`);
    expect([...ledger.names.values()]).toEqual(['12" RULER', '"a"b']);
    expect(ledger.badRows).toEqual([]);
  });

  it.each(['\n', '\r\n'])('reports every line after a missing quote, and continues (%j)', async (end) => {
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

  it('reports that a file is empty, truncated or missing', async () => {
    await expect(read('')).rejects.toThrow('is empty');
    const whole = gzipSync(`${header}\n${'1,A,a,1,1,2,UK\n'.repeat(1000)}`);
    await expect(read(whole.subarray(0, whole.length - 20))).rejects.toThrow('Could not read');
    await expect(readOrders(join(folder, 'missing.csv'))).rejects.toThrow(/^Could not read .*: ENOENT/);
    await expect(readOrders(folder)).rejects.toThrow(/^Could not read .*: EISDIR/);
  });

  const sale = [
    {
      invoiceNo: '7',
      customer: '17850',
      lines: [
        { stockCode: 'A', quantity: 2, unitPrice: 255 },
        { stockCode: 'B', quantity: 1, unitPrice: 310 },
      ],
    },
  ];
  const rows = [header, '7,A,"A ""B"", C",2,2.55,17850,UK', '7,B,b,1,3.10,17850,UK'];
  const text = `${rows.join('\n')}\n`;
  const bigEndian = (plain: string) => Buffer.from(`\ufeff${plain}`, 'utf16le').swap16();
  const [semicolons, tabs] = [';', '\t'].map((mark) =>
    text.replace('"A ""B"", C"', 'ab').replaceAll(',', mark).replace('2.55', '2,55').replace('3.10', '3,10'),
  );

  it.each<[string, string | Buffer | undefined]>([
    ['single carriage returns as line ends', text.replaceAll('\n', '\r')],
    [
      'a carriage return at the end of a chunk',
      `${' '.repeat(65_535 - header.length)}${text.replaceAll('\n', '\r\n')}`,
    ],
    ['UTF-16, little endian', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big endian', bigEndian(text)],
    ['UTF-16 with tabs and decimal commas, as spreadsheets save it', Buffer.from(`\ufeff${tabs}`, 'utf16le')],
    ['semicolons and decimal commas', semicolons],
    [
      'the header of Online Retail II',
      text.replace('InvoiceNo', 'Invoice').replace('UnitPrice', 'Price').replace('CustomerID', 'Customer ID'),
    ],
    ['empty columns at the end of all lines', text.replaceAll('\n', ',,\n')],
    ['empty columns at the end of the rows', text.replaceAll('UK\n', 'UK,\n')],
    ['rows with only commas', text.replaceAll('UK\n', 'UK\n,,,,,,\n')],
    ['two unused columns with the same name', text.replaceAll('\n', ',x\n').replace('Country,x', 'Country,Country')],
  ])('reads %s', async (_, content) => {
    const ledger = await read(content ?? '');
    expect(ledger.badRows).toEqual([]);
    expect(completeSales(ledger)).toEqual(sale);
  });

  it.each([
    ['a text in an additional column', text.replace('17850,UK', '17850,UK,x'), '8 columns instead of 7'],
    [
      'an invoice of two customers',
      text.replace('3.10,17850', '3.10,13047'),
      'CustomerID "13047" on an invoice of "17850"',
    ],
    [
      'an invoice with and without a customer',
      text.replace('3.10,17850', '3.10,'),
      'CustomerID "guest" on an invoice of "17850"',
    ],
    [
      'a customer with a zero-width space',
      text.replace('17850', '17850\u200b'),
      'CustomerID "17850\u200b" has an invisible character',
    ],
    [
      'a product with a soft hyphen',
      text.replace('A,"', 'A\u00ad,"'),
      'StockCode "A\u00ad" has an invisible character',
    ],
    [
      'an ambiguous thousands separator',
      (semicolons ?? '').replace(';2;', ';2.000;'),
      'Quantity "2.000" may be thousands or decimals',
    ],
    [
      'a comma within a number between commas',
      text.replace('2.55', '"2,55"'),
      'UnitPrice "2,55" is not an exact amount of money',
    ],
  ])('reports %s by its line, and places no part of that invoice', async (_, content, reason) => {
    const ledger = await read(content);
    expect(ledger.badRows).toEqual([{ line: expect.any(Number), reason }]);
    expect(ledger.badRows[0]?.line).toBeGreaterThan(1);
    expect(completeSales(ledger)).toEqual([]);
  });

  it('treats a carriage return within a line as a space', async () => {
    const ledger = await read(`${header}\n1,A,BLUE\rMUG,1,1,2,UK\n`);
    expect(ledger.names.get('A')).toBe('BLUE MUG');
  });

  it.each([
    ['a needed column twice', text.replace('Country', 'Quantity'), 'two columns Quantity'],
    ['a column under both of its names', text.replace('Country', 'Invoice'), 'two columns InvoiceNo'],
    ['UTF-16 without a byte order mark', Buffer.from(text, 'utf16le'), 'UTF-16 without a byte order mark'],
    ['UTF-16 that ends within a character', Buffer.from(`\ufeff${text}`, 'utf16le').subarray(0, -1), 'Could not read'],
  ])('refuses a file with %s', async (_, content, reason) => {
    await expect(read(content)).rejects.toThrow(reason);
  });
});
