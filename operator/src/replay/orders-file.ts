import { pipeline } from 'node:stream';
import { Fault } from '@shop/chassis/base/fault.ts';
import { parse } from 'csv-parse';
import { mayBeThousands } from './amounts.ts';
import { peekLine, readText } from './file-text.ts';
import { addBadRow, addRow, emptyLedger, type Ledger } from './sales.ts';

/** The columns that an order needs, by their names in "Online Retail"; InvoiceDate and Country are optional. */
const neededColumns = ['InvoiceNo', 'StockCode', 'Description', 'Quantity', 'UnitPrice', 'CustomerID'] as const;
type Column = (typeof neededColumns)[number];

/** Their names in "Online Retail II". */
const otherNames: Record<string, Column> = { invoice: 'InvoiceNo', price: 'UnitPrice' };

/** The positions of the columns in a file. */
interface Layout {
  delimiter: string;
  header: Map<Column, number>;
  width: number;
}

interface Parsed {
  record: string[];
  raw: string;
  info: { lines: number };
}

/** Reads orders in the format of UCI's "Online Retail" (or its second edition), plain or gzipped, row by row. */
export async function readOrders(path: string): Promise<Ledger> {
  const ledger = emptyLedger();
  let layout: Layout | undefined;
  try {
    const { line, whole } = await peekLine(readText(path));
    const delimiter = delimiterOf(line);
    const rows = parse({
      // One byte, one character: each field is decoded on its own, because the published file is not entirely UTF-8.
      encoding: 'latin1',
      delimiter,
      record_delimiter: '\n',
      info: true,
      raw: true,
      // Inches: 12" RULER.
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error, raw) => {
        const fault = { raw: raw ?? '', lastLine: Number(error?.lines ?? 0), reason: error?.message ?? 'not CSV' };
        addUnreadable(ledger, layout, fault);
        return undefined;
      },
    });
    // Errors in any stage of the pipeline reach the code that reads the rows.
    pipeline(whole, rows, () => undefined);
    for await (const parsed of rows as AsyncIterable<Parsed>) {
      if (layout === undefined) layout = readHeader(parsed.record, delimiter);
      else readRow(ledger, layout, parsed);
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(`Could not read ${path}: ${(error as Error).message}`);
  }
  if (layout === undefined) throw new Fault(`${path} has no header: it is empty`);
  return ledger;
}

/** Possible separators; no column name contains one of them. */
function delimiterOf(header: string): string {
  const count = (delimiter: string) => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best));
}

function readHeader(record: string[], delimiter: string): Layout {
  const names = record.map(decode);
  const shown = names.join(delimiter).slice(0, 200);
  if (shown.includes('\0')) {
    throw new Fault('The file is not a text file, or it is UTF-16 without a byte order mark: save it as CSV in UTF-8.');
  }
  const header = new Map<Column, number>();
  names.forEach((name, index) => {
    const column = columnOf(name);
    if (column === undefined) return;
    // It is unclear which of the two is meant, and they may differ.
    if (header.has(column)) throw new Fault(`The file has two columns ${column}; its header is: ${shown}`);
    header.set(column, index);
  });
  const missing = neededColumns.filter((name) => !header.has(name));
  if (missing.length > 0) throw new Fault(`The file has no column ${missing.join(', ')}; its header is: ${shown}`);
  return { delimiter, header, width: withoutEmptyEnd(names).length };
}

/** `Customer ID`, `CustomerID` and `customer_id` are the same name. */
function columnOf(name: string): Column | undefined {
  const plain = (text: string) => text.replace(/[\s_]/g, '').toLowerCase();
  return neededColumns.find((column) => plain(column) === plain(name)) ?? otherNames[plain(name)];
}

/** Spreadsheets also export columns that are empty now but were used before. */
function withoutEmptyEnd(cells: string[]): string[] {
  return cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1);
}

function readRow(ledger: Ledger, layout: Layout, { record, raw, info }: Parsed): void {
  const { delimiter, header, width } = layout;
  const line = info.lines;
  // Two missing quotes can swallow rows and still leave the right number of columns. No product name has line breaks.
  const isTorn = raw.trim().includes('\n');
  const cells = withoutEmptyEnd(record);
  if (cells.length === 0 && !isTorn) return;
  if (isTorn || record.length < width || cells.length > width) {
    const reason = isTorn ? 'a quoted text over several lines' : `${record.length} columns instead of ${width}`;
    addUnreadable(ledger, layout, { raw, lastLine: line, reason });
    return;
  }
  const column = (name: Column) => decode(record[header.get(name) ?? -1] ?? '');
  // A file whose separator is not the comma may write 2,55 for 2.55.
  const hasDecimalCommas = delimiter !== ',';
  const unclear = hasDecimalCommas && (['Quantity', 'UnitPrice'] as const).find((name) => mayBeThousands(column(name)));
  if (unclear) {
    const reason = `${unclear} ${JSON.stringify(column(unclear))} may be thousands or decimals`;
    addBadRow(ledger, line, reason, column('InvoiceNo'));
    return;
  }
  const number = (name: Column) => (hasDecimalCommas ? column(name).replace(',', '.') : column(name));
  addRow(ledger, {
    line,
    invoiceNo: column('InvoiceNo'),
    stockCode: column('StockCode'),
    description: column('Description'),
    quantity: number('Quantity'),
    unitPrice: number('UnitPrice'),
    customerId: column('CustomerID'),
  });
}

/** Reports every unreadable line, and sets its invoice aside as far as the invoice can be identified without quotes. */
function addUnreadable(
  ledger: Ledger,
  layout: Layout | undefined,
  { raw, lastLine, reason }: { raw: string; lastLine: number; reason: string },
): void {
  const lines = raw.replace(/^\n+|\n+$/g, '').split('\n');
  lines.forEach((text, index) => {
    const invoiceNo = text.split(layout?.delimiter ?? ',')[layout?.header.get('InvoiceNo') ?? 0];
    addBadRow(ledger, lastLine - lines.length + 1 + index, reason, invoiceNo?.replaceAll('"', ''));
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** Decodes UTF-8 where it is valid, otherwise Windows-1252. */
function decode(field: string): string {
  if (!/[\x80-\xff]/.test(field)) return field;
  const bytes = Buffer.from(field, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
}
