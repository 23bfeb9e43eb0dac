import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '../read-arguments.ts';
import { parseShare, type Share } from './stock.ts';

export interface Options {
  file: string;
  concurrency: number;
  rate?: number;
  duplicates: boolean;
  stock: Share;
  limit?: number;
  run: string;
  json: boolean;
}

export const help = `npm run replay -- <orders.csv[.gz]> [options]

Places real orders through the gateway and audits the result from outside. The file has the columns of
"Online Retail" (UCI Machine Learning Repository): InvoiceNo, StockCode, Description, Quantity, UnitPrice,
CustomerID, or as "Online Retail II" calls them; others are ignored. Columns are separated by commas, by
semicolons or by tabs (then 2,55 is read as 2.55); the text is UTF-8, Windows-1252, or UTF-16 with a byte order
mark. A row that cannot be read is shown with its line and its reason, and its invoice is not placed; nor is an
invoice of two customers. Invoices that begin with C are cancellations and are not replayed.

  --concurrency N   requests under way at a time (default 16)
  --rate N          start at most N orders a second (default: as fast as they are answered)
  --duplicates      send every request twice with the same key, at once or later
  --stock SHARE     give each product this share of what is ordered of it (default 1.0)
  --limit N         place only the first N sales of the file
  --run PREFIX      name of this run, in front of every key, SKU and customer (default: a new one each time).
                    With the name of an earlier run and the same file, --stock and --limit, everything is a repeat.
  --json            print the report as one JSON object
  --help

The system is the one that "npm start" runs here, or the one that the variables BASE_URL, STOREFRONT_KEY and
BACKOFFICE_KEY name. Exit code: 0 the audit is green, 1 it is not, 2 nothing was replayed.`;

/** The options of the command line, or 'help'; throws a UsageError that says in a line what is wrong. */
export function parseOptions(args: string[], now: Date): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    concurrency: { type: 'string', default: '16' },
    rate: { type: 'string' },
    duplicates: { type: 'boolean', default: false },
    stock: { type: 'string', default: '1.0' },
    limit: { type: 'string' },
    run: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('replay needs a file: npm run replay -- <orders.csv[.gz]>');
  if (more.length > 0) throw new UsageError(`replay takes one file, not also ${more.join(', ')}`);
  const stock = parseShare(values.stock);
  if (stock === undefined) throw new UsageError(`--stock takes a share such as 0.8, up to 1000, not "${values.stock}"`);
  return {
    file,
    concurrency: wholeNumber('--concurrency', values.concurrency, 1_000),
    rate: values.rate === undefined ? undefined : positiveNumber('--rate', values.rate),
    duplicates: values.duplicates,
    stock,
    limit: values.limit === undefined ? undefined : wholeNumber('--limit', values.limit, 1_000_000_000),
    run: values.run === undefined ? newRun(now) : runName(values.run),
    json: values.json,
  };
}

function wholeNumber(option: string, text: string, highest: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from 1 to ${highest}, not "${text}"`);
}

function positiveNumber(option: string, text: string): number {
  const number = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new UsageError(`${option} takes a number above 0, not "${text}"`);
}

/** Short, so that it and a stock code fit into a SKU; without a dot, which separates the two. */
function runName(text: string): string {
  if (/^[A-Za-z0-9_-]{1,30}$/.test(text)) return text;
  throw new UsageError(`--run takes 1 to 30 of A-Z a-z 0-9 _ -, not "${text}"`);
}

function newRun(now: Date): string {
  return `r${now.getTime().toString(36)}`;
}
