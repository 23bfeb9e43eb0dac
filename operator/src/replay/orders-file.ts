import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { Fault } from '../faults.ts';
import { addBadRow, addRow, emptyLedger, type Ledger } from './sales.ts';

/** The columns of "Online Retail" that an order needs. InvoiceDate and Country may be there or not. */
const neededColumns = ['InvoiceNo', 'StockCode', 'Description', 'Quantity', 'UnitPrice', 'CustomerID'] as const;
type Column = (typeof neededColumns)[number];

type Parsed = { record: string[]; raw: string; info: { lines: number } };

/** Reads orders in the format of UCI's "Online Retail", plain or gzipped, one row at a time. */
export async function readOrders(path: string): Promise<Ledger> {
  const ledger = emptyLedger();
  let header: Map<string, number> | undefined;
  const rows = parse({
    // One byte, one character: what the bytes mean is decided field by field, for the published file is not all UTF-8.
    encoding: 'latin1',
    info: true,
    raw: true,
    // Inches: 12" RULER.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error, raw) => {
      const fault = { raw: raw ?? '', lastLine: Number(error?.lines ?? 0), reason: error?.message ?? 'not CSV' };
      addUnreadable(ledger, header, fault);
      return undefined;
    },
  });
  try {
    const file = await open(path);
    const source = file.createReadStream();
    // Whatever fails on the way arrives where the rows are read.
    pipeline(normalized(await gunzipped(source)), rows, () => undefined);
    for await (const parsed of rows as AsyncIterable<Parsed>) {
      if (header === undefined) header = readHeader(parsed.record);
      else readRow(ledger, header, parsed);
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (header === undefined) throw new Fault(`${path} is empty: it has no header`);
  return ledger;
}

function readHeader(record: string[]): Map<string, number> {
  const header = new Map(record.map((name, index) => [name.trim(), index]));
  const missing = neededColumns.filter((name) => !header.has(name));
  if (missing.length > 0) {
    throw new Fault(`The file has no column ${missing.join(', ')}; its header is: ${record.join(',').slice(0, 200)}`);
  }
  return header;
}

function readRow(ledger: Ledger, header: Map<string, number>, { record, raw, info }: Parsed): void {
  const line = info.lines;
  // Two forgotten quotes can swallow rows and still leave the right number of columns. No product's name has two lines.
  const isTorn = raw.trim().includes('\n');
  if (isTorn || record.length !== header.size) {
    const reason = isTorn ? 'a quoted text over several lines' : `${record.length} columns instead of ${header.size}`;
    addUnreadable(ledger, header, { raw, lastLine: line, reason });
    return;
  }
  const column = (name: Column) => decode(record[header.get(name) ?? -1] ?? '');
  addRow(ledger, {
    line,
    invoiceNo: column('InvoiceNo'),
    stockCode: column('StockCode'),
    description: column('Description'),
    quantity: column('Quantity'),
    unitPrice: column('UnitPrice'),
    customerId: column('CustomerID'),
  });
}

/** Every line of what cannot be read is reported, and sets its invoice aside as far as it can be told without quotes. */
function addUnreadable(
  ledger: Ledger,
  header: Map<string, number> | undefined,
  { raw, lastLine, reason }: { raw: string; lastLine: number; reason: string },
): void {
  const lines = raw.replace(/^\n+|\n+$/g, '').split('\n');
  lines.forEach((text, index) => {
    const invoiceNo = text.split(',')[header?.get('InvoiceNo') ?? 0];
    addBadRow(ledger, lastLine - lines.length + 1 + index, reason, invoiceNo?.replaceAll('"', ''));
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** UTF-8 where the bytes are that, else what a spreadsheet on Windows wrote. */
function decode(field: string): string {
  if (!/[\x80-\xff]/.test(field)) return field;
  const bytes = Buffer.from(field, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
}

/** Unpacked when the first two bytes are gzip's, whatever the file is called. */
async function gunzipped(source: Readable): Promise<Readable> {
  const first = await firstChunk(source);
  if (!(first[0] === 0x1f && first[1] === 0x8b)) return source;
  return pipeline(source, createGunzip(), () => undefined);
}

async function firstChunk(source: Readable): Promise<Buffer> {
  await new Promise((resolve, reject) => {
    source.once('readable', resolve).once('end', resolve).once('error', reject);
  });
  const chunk: Buffer | null = source.read();
  if (chunk === null) return Buffer.alloc(0);
  source.unshift(chunk);
  return chunk;
}

/** Without a byte order mark, and with line ends that the parser counts once. */
async function* normalized(source: Readable): AsyncGenerator<Buffer> {
  let atStart = true;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const marked = atStart && chunk.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
    atStart = false;
    yield (marked ? chunk.subarray(3) : chunk).filter((byte) => byte !== carriageReturn) as Buffer;
  }
}

const carriageReturn = 0x0d;
