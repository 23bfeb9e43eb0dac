import { styleText } from 'node:util';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { printable } from '../printable.ts';
import type { Check, SaleEvidence } from './audit.ts';
import type { BadRow } from './sales.ts';
import type { Percentiles, Tally } from './tally.ts';
import { outcomeOf, percentilesOf } from './tally.ts';

export interface Report {
  run: string;
  file: string;
  baseUrl: string;
  input: {
    rows: number;
    sales: number;
    cancellations: number;
    badRows: BadRow[];
    incompleteSales: string[];
    /** Sales beyond --limit. */
    leftOut: number;
  };
  products: { made: number; units: number };
  sales: { placed: number; confirmed: number; rejected: number; invalid: number; other: number; unanswered: number };
  invalidReasons: InvalidReason[];
  requests: { sent: number; duplicates: number; replays: number; repeats: Record<string, number> };
  accepted: { answers: number; orders: number; decideMs?: Percentiles };
  speed: { seconds: number; ordersPerSecond: number; placeMs?: Percentiles; replayMs?: Percentiles };
  audit: { passed: boolean; stockLooks: number; checks: Check[] };
}

export interface InvalidReason {
  pointer: string;
  detail: string;
  sales: number;
  example: string;
}

/** Why the system refused sales as invalid; `*` means any line. */
export function invalidReasons(sales: SaleEvidence[]): InvalidReason[] {
  const reasons = new Map<string, InvalidReason>();
  for (const { key, answers } of sales) {
    const [first] = answers;
    if (!first || outcomeOf(first) !== 'invalid') continue;
    const errors = first.errors.length > 0 ? first.errors : [{ pointer: '', detail: `${first.status} ${first.code}` }];
    const named = errors.map(({ pointer, detail }) => ({ pointer: pointer.replace(/\/\d+(?=\/|$)/g, '/*'), detail }));
    for (const [id, reason] of new Map(named.map((reason) => [JSON.stringify(reason), reason]))) {
      const known = reasons.get(id) ?? { ...reason, sales: 0, example: key };
      reasons.set(id, { ...known, sales: known.sales + 1 });
    }
  }
  return [...reasons.values()].sort(orderBy(({ sales }) => -sales));
}

/** The counts and times of a run for the report. */
export function summarize(tally: Tally, sales: SaleEvidence[], seconds: number) {
  const { confirmed, rejected, invalid, other } = tally.outcomes;
  const finished = confirmed + rejected + invalid + other;
  return {
    sales: {
      placed: confirmed + rejected,
      confirmed,
      rejected,
      invalid,
      other,
      unanswered: sales.length - finished,
    },
    invalidReasons: invalidReasons(sales),
    accepted: { answers: tally.accepted, orders: tally.acceptedOrders, decideMs: percentilesOf(tally.deciding) },
    speed: {
      seconds: Math.round(seconds * 10) / 10,
      ordersPerSecond: Math.round((finished / seconds) * 10) / 10,
      placeMs: percentilesOf(tally.placing),
      replayMs: percentilesOf(tally.replaying),
    },
  };
}

/** How many entries of a long list are printed; --json has all of them. */
const MAX_SHOWN = 20;

/** The report as text. */
export function renderReport(report: Report): string {
  const { input, products, sales, requests, accepted, speed } = report;
  const causes = Object.entries(requests.repeats).map(([cause, count]) => `${count} ${cause}`);
  const lines = [
    printable(`Replay ${report.run} of ${report.file} at ${report.baseUrl}`),
    '',
    ...inputLines(input),
    ...(input.leftOut > 0 ? [row('left out', `${input.leftOut} sales beyond --limit`)] : []),
    row('products', `${products.made} with ${products.units} units in stock`),
    '',
    row('placed', `${sales.placed} of ${input.sales - input.leftOut}`),
    row('  confirmed', `${sales.confirmed}`),
    row('  rejected', `${sales.rejected} (not enough stock)`),
    row('invalid', `${sales.invalid} refused with 400`),
    ...report.invalidReasons.map((reason) => printable(`    ${describeReason(reason)}`)),
    ...(sales.other > 0 ? [row('other answers', `${sales.other}`)] : []),
    ...(sales.unanswered > 0 ? [row('unanswered', `${sales.unanswered}`)] : []),
    '',
    row('requests', `${requests.sent} sent, ${requests.duplicates} of them planned duplicates`),
    row('replays', `${requests.replays} responses were replays (Idempotent-Replayed)`),
    row('repeats', causes.length > 0 ? causes.join(', ') : 'none'),
    row('202', acceptedText(accepted)),
    row('speed', `${speed.ordersPerSecond} orders/s over ${speed.seconds} s`),
    row('POST /orders', percentilesText(speed.placeMs)),
    row('  replayed', percentilesText(speed.replayMs)),
    '',
    ...report.audit.checks.flatMap(checkLines),
    row('', `with ${report.audit.stockLooks} checks of a product's stock while orders were placed`),
    '',
    verdictOn(report),
  ];
  return lines.join('\n');
}

/** 0 if the audit is green, 1 if it has findings, 2 if no order was placed that could be audited. */
export function exitCodeOf({ audit }: Pick<Report, 'audit'>): 0 | 1 | 2 {
  if (audit.passed) return 0;
  return audit.checks.some(({ findings }) => findings.length > 0) ? 1 : 2;
}

function verdictOn(report: Report): string {
  switch (exitCodeOf(report)) {
    case 0:
      return styleText('green', 'Audit: green');
    case 1:
      return styleText('red', 'Audit: FAILED');
    case 2:
      return styleText('red', 'No order was placed: all sales were refused as invalid, so there is nothing to audit.');
  }
}

function row(name: string, text: string): string {
  return printable(`  ${name.padEnd(14)} ${text}`);
}

/** What was read, and each unreadable row. */
export function inputLines({ rows, sales, cancellations, badRows, incompleteSales }: Report['input']): string[] {
  const read = row('read', `${rows} rows: ${sales} sales, ${cancellations} cancellations (not replayed)`);
  if (badRows.length === 0) return [read];
  return [
    read,
    row('bad rows', `${badRows.length}; not placed for missing rows: ${listSome(incompleteSales) || 'none'}`),
    ...some(badRows.map(({ line, reason }) => printable(`    line ${line}: ${reason}`))),
  ];
}

function describeReason({ pointer, detail, sales, example }: InvalidReason): string {
  return `${sales} × ${pointer || 'the whole'}: ${detail} (such as ${example})`;
}

function acceptedText({ answers, orders, decideMs }: Report['accepted']): string {
  if (orders === 0) return 'none';
  const times = decideMs
    ? `${decideMs.count} decided; p50 ${seconds(decideMs.p50)}, p95 ${seconds(decideMs.p95)}, longest ${seconds(decideMs.max)}`
    : 'none decided';
  return `${answers} responses for ${orders} orders, ${times}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Percentiles in milliseconds as text. */
export function percentilesText(ms: Percentiles | undefined): string {
  if (!ms) return 'none';
  return `p50 ${ms.p50} ms, p95 ${ms.p95} ms, p99 ${ms.p99} ms, longest ${ms.max} ms (${ms.count} answers)`;
}

function checkLines({ name, checked, findings }: Check): string[] {
  const mark = findings.length === 0 ? styleText('green', '✓') : styleText('red', '✗');
  const details = findings.map(({ subject, expected, found }) =>
    printable(`      ${subject}: expected ${expected}; found ${found}`),
  );
  return [`  ${mark} ${name} (${checked} checked, ${findings.length} wrong)`, ...some(details)];
}

function some(lines: string[]): string[] {
  const more = lines.length - MAX_SHOWN;
  return more > 0 ? [...lines.slice(0, MAX_SHOWN), `      and ${more} more (--json lists them all)`] : lines;
}

function listSome(names: string[]): string {
  const more = names.length - MAX_SHOWN;
  return names.slice(0, MAX_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
