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

Places real orders through the gateway and audits the result from outside. The file needs the columns of
"Online Retail" (UCI Machine Learning Repository): InvoiceNo, StockCode, Description, Quantity, UnitPrice,
CustomerID, or the names of "Online Retail II"; other columns are ignored. The separator is a comma, a semicolon
or a tab (with the latter two, 2,55 means 2.55); the encoding is UTF-8, Windows-1252, or UTF-16 with a byte order
mark. Rows that cannot be read are reported with line and reason, and their invoices are not placed; neither are
invoices with two customers. Invoices that begin with C are cancellations and are not replayed.

  --concurrency N   number of parallel requests (default 16)
  --rate N          start at most N orders per second (default: no limit)
  --duplicates      send every request twice with the same key, in parallel or later
  --stock SHARE     stock each product with this share of its ordered units (default 1.0)
  --limit N         place only the first N sales of the file
  --run PREFIX      name of this run, a prefix of every key, SKU and customer (default: a new name each time).
                    With the name of an earlier run and the same file, --stock and --limit, every request is a retry.
  --json            print the report as one JSON object
  --help            print this text

Without the variables BASE_URL, STOREFRONT_KEY and BACKOFFICE_KEY, it uses the system that "npm start" runs in this
folder. Exit code: 0 the audit is green, 1 it is not, 2 nothing was replayed.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
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

/** Short, so that it fits into a SKU together with a stock code; without a dot, which separates the two. */
function runName(text: string): string {
  if (/^[A-Za-z0-9_-]{1,30}$/.test(text)) return text;
  throw new UsageError(`--run takes 1 to 30 of A-Z a-z 0-9 _ -, not "${text}"`);
}

function newRun(now: Date): string {
  return `r${now.getTime().toString(36)}`;
}
