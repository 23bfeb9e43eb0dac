import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { connectGateway, type Gateway, makeProgressTimeout } from '../gateway.ts';
import { printable, printableJson, printableLines } from '../printable.ts';
import { bar, withProgress } from '../progress-line.ts';
import type { LookUp } from '../variables.ts';
import type { Check, Evidence, SaleEvidence } from './audit.ts';
import { audit } from './audit.ts';
import { type Collecting, listOrdersOf, listProductsOf } from './collect-evidence.ts';
import { makeProducts, productName } from './make-products.ts';
import type { Options } from './options.ts';
import { help, parseOptions } from './options.ts';
import { type OrderRequest, skuOf, toOrderRequest } from './order-request.ts';
import { readOrders } from './orders-file.ts';
import { placeSales } from './place-sales.ts';
import { requireReachable, type Target } from './reachable.ts';
import { exitCodeOf, inputLines, type Report, renderReport, summarize } from './report.ts';
import { completeSales, type Ledger } from './sales.ts';
import { planSendings, seededRandom } from './sendings.ts';
import { stockFor } from './stock.ts';
import { emptyTally, type Tally } from './tally.ts';
import { watchStock } from './watch-stock.ts';

/**
 * Longer than any outage that resolves by itself: an order is decided within a minute after the system has recovered.
 */
const WAIT_TIMEOUT_MS = 5 * 60_000;

/** Connections for listing and for watching the stock, besides the orders. */
const SPARE_CONNECTIONS = 4;

/** Orders were placed, but could not be followed to the end: neither a green audit nor invalid usage. */
class BrokenRun extends Fault {}

/** `npm run replay`: exit code 0 if the audit is green, 1 if it is not, 2 if nothing was replayed. */
export async function replayCommand(args: string[], lookUp: LookUp): Promise<number> {
  try {
    const options = parseOptions(args, new Date());
    if (options === 'help') {
      console.log(help);
      return 0;
    }
    const found = lookUp('BASE_URL', 'STOREFRONT_KEY', 'BACKOFFICE_KEY');
    return await replayFile(options, {
      baseUrl: found.BASE_URL,
      storefrontKey: found.STOREFRONT_KEY,
      backofficeKey: found.BACKOFFICE_KEY,
    });
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof Fault)) throw error;
    console.error(printableLines(error.message));
    return error instanceof BrokenRun ? 1 : 2;
  }
}

async function replayFile(options: Options, target: Target): Promise<number> {
  const gateway = connectGateway(target.baseUrl, options.concurrency + SPARE_CONNECTIONS);
  try {
    await requireReachable(gateway, target);
    process.stderr.write(`Reading ${printable(options.file)} …\n`);
    const ledger = await readOrders(options.file);
    requireSales(ledger, options.file);
    const report = await replay(options, target, gateway, ledger);
    console.log(options.json ? printableJson(report) : `\n${renderReport(report)}`);
    return exitCodeOf(report);
  } finally {
    await gateway.close();
  }
}

/** Refuses a file without orders to place: its audit would always be green. */
function requireSales(ledger: Ledger, file: string): void {
  if (completeSales(ledger).length > 0) return;
  const reason = nothingToPlace(ledger);
  throw new Fault([`${file} contains no orders to place: ${reason}.`, ...inputLines(inputOf(ledger, 0))].join('\n'));
}

function nothingToPlace({ rows, sales, badRows }: Ledger): string {
  if (rows === 0) return 'it has a header and no rows';
  if (badRows.length === rows) return 'no row can be read';
  return sales.size === 0 ? 'it has no sales' : 'every sale has a row that cannot be read';
}

async function replay(options: Options, target: Target, gateway: Gateway, ledger: Ledger): Promise<Report> {
  const { run, concurrency } = options;
  const timeout = makeProgressTimeout(WAIT_TIMEOUT_MS);
  const sales = completeSales(ledger).slice(0, options.limit);
  const requests = sales.map((sale) => toOrderRequest(run, sale));
  const stock = stockFor(requests, options.stock);

  const names = new Map([...ledger.names].map(([code, name]) => [skuOf(run, code), productName(name, code)]));
  const products = [...stock].map(([sku, units]) => ({ sku, name: names.get(sku) ?? sku, stock: units }));
  let made = 0;
  const onMade = () => {
    made += 1;
  };
  await withProgress(
    process.stderr,
    () => `products ${bar(made, products.length)}`,
    () => makeProducts(products, { gateway, backofficeKey: target.backofficeKey, concurrency, timeout, onMade }),
  );

  const tally = emptyTally();
  const sendings = planSendings(requests.length, options.duplicates, seededRandom(1));
  const began = performance.now();
  const line = () => placingLine(tally, requests.length, (performance.now() - began) / 1000);
  const place = async () => {
    const stockWatch = watchStock(gateway, target.backofficeKey, run, timeout);
    const { storefrontKey } = target;
    const answers = await placeSales({ ...options, gateway, storefrontKey, requests, sendings, timeout, tally });
    return { answers, ...(await stockWatch.stop()) };
  };
  const { answers, oversold, looks } = await withProgress(process.stderr, line, place).catch((error: Error) => {
    throw error instanceof Fault ? new BrokenRun(error.message) : error;
  });
  // The time of the last order, not of the last repeat: a duplicate may wait a second, and no order waits with it.
  const seconds = Math.max(tally.lastOutcomeAt - began, 1) / 1000;

  process.stderr.write('Auditing …\n');
  const collecting: Collecting = { gateway, target, concurrency, timeout };
  const evidence = requests.map((request, index) => toEvidence(request, answers[index] ?? [], options.duplicates));
  const checks = await auditRun({ sales: evidence, stock, oversold }, run, requests, collecting);
  const summary = summarize(tally, evidence, seconds);
  const isClean = checks.every((check) => check.findings.length === 0);
  return {
    run,
    file: options.file,
    baseUrl: target.baseUrl,
    input: inputOf(ledger, sales.length),
    products: { made, units: [...stock.values()].reduce((sum, units) => sum + units, 0) },
    requests: {
      sent: tally.sent,
      duplicates: sendings.length - requests.length,
      replays: tally.replays,
      repeats: Object.fromEntries(tally.repeats),
    },
    ...summary,
    audit: { passed: isClean && summary.sales.placed > 0, stockLooks: looks, checks },
  };
}

/** Without the API's lists nothing is verified, so failing to read them fails the audit. */
async function auditRun(
  known: Pick<Evidence, 'sales' | 'stock' | 'oversold'>,
  run: string,
  requests: OrderRequest[],
  collecting: Collecting,
): Promise<Check[]> {
  try {
    const orders = await listOrdersOf(requests, collecting);
    return audit({ ...known, orders, products: await listProductsOf(run, collecting) });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const finding = {
      subject: collecting.target.baseUrl,
      expected: 'lists of orders and products',
      found: error.message,
    };
    return [{ name: 'orders and products could be listed', checked: 0, findings: [finding] }];
  }
}

function placingLine(tally: Tally, all: number, seconds: number): string {
  const { confirmed, rejected, invalid, other } = tally.outcomes;
  const done = confirmed + rejected + invalid + other;
  const repeats = [...tally.repeats.values()].reduce((sum, count) => sum + count, 0);
  const counts = `confirmed ${confirmed}, rejected ${rejected}, invalid ${invalid}, pending ${tally.pending}`;
  return `orders   ${bar(done, all)}  ${(done / seconds).toFixed(0)}/s  ${counts}, repeats ${repeats}`;
}

function toEvidence(request: OrderRequest, answers: SaleEvidence['answers'], duplicates: boolean): SaleEvidence {
  const { key, lines, invalid } = request;
  return { key, lines, invalid: invalid.length > 0, requests: duplicates ? 2 : 1, answers };
}

function inputOf(ledger: Ledger, replayed: number): Report['input'] {
  const sales = completeSales(ledger).length;
  return {
    rows: ledger.rows,
    sales,
    cancellations: ledger.cancellations.size,
    badRows: ledger.badRows,
    incompleteSales: [...ledger.incomplete],
    leftOut: sales - replayed,
  };
}
