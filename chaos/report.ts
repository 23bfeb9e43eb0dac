import { styleText } from 'node:util';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { type Availability, LOCKS_GONE_MS, type Shares, wholeRun } from './availability.ts';
import type { Check, Violation } from './checker.ts';
import type { Drain } from './drain.ts';
import type { ConnectionCount, ProcessMemory } from './evidence.ts';
import type { DoneFault } from './nemesis.ts';
import { type FaultKind, faultKinds } from './schedule.ts';
import type { Counts, ShopperCounts } from './summary.ts';
import type { Trace } from './trace.ts';
import { faultLine } from './trace.ts';

export interface Report {
  verdict: 'holds' | 'violated' | 'inconclusive';
  seed: number;
  seconds: number;
  /** Extra seconds, because too little had happened. */
  extraSeconds: number;
  /** The kinds of faults that were chosen. */
  kinds: FaultKind[];
  counts: Counts;
  faults: DoneFault[];
  answers: Record<string, Record<string, number>>;
  longestOutageMs: Partial<Record<string, number>>;
  slowestAnswerMs: Partial<Record<string, number>>;
  /** From when all parts were back. */
  recoveredMs: number;
  waitingWhenHealed: number;
  samples: number;
  connections: ConnectionCount[];
  memory: ProcessMemory[];
  availability: Availability[];
  shoppers: ShopperCounts;
  checks: Check[];
  traces: { rule: string; violation: Violation; trace: Trace }[];
  /** Only with --drain. */
  drain?: Drain;
  doubts: string[];
  /** What was skipped, and why. */
  notes: string[];
  folder?: string;
}

// How many violations are printed; --json has all of them.
const MAX_SHOWN = 5;

/** The report as text. */
export function renderReport(report: Report): string {
  const { counts, checks, traces } = report;
  const broken = checks.filter(({ violations }) => violations.length > 0);
  return [
    report.drain
      ? `Drain, seed ${report.seed}`
      : `Chaos, seed ${report.seed}, ${report.seconds} s${report.extraSeconds > 0 ? `, and ${report.extraSeconds} s more until enough had happened` : ''}`,
    '',
    ...(report.drain ? drainRows(report.drain) : faultRows(report)),
    row('orders', `${counts.orders}; ${counts.cancellations} cancellations, ${counts.shipments} shipments`),
    row(
      'repeats',
      `${counts.repeats} repeated requests; ${counts.twins} keys with twins, ${counts.otherPayloads} with another payload, ${counts.sharedKeys} used by both storefronts`,
    ),
    ...(report.drain ? [] : [row('shoppers', shoppersText(report.shoppers))]),
    ...Object.entries(report.answers).map(([kind, table]) => row(`  ${kind}`, countsText(table))),
    ...(report.drain ? [] : [row('longest outage', timesText(report.longestOutageMs))]),
    row('slowest response', timesText(report.slowestAnswerMs)),
    ...(report.drain ? [] : availabilityRows(report.availability)),
    row(
      'recovered',
      `${seconds(report.recoveredMs)} after all parts were back; ${report.waitingWhenHealed} orders waited then`,
    ),
    row('connections', connectionsText(report.connections)),
    row('memory', memoryText(report.memory)),
    '',
    ...checks.map(({ rule, checked, violations }) => checkLine(rule, checked, violations.length)),
    `  with ${report.samples} checks of all stock levels during the run`,
    ...broken.flatMap(({ rule, violations }) => [
      '',
      styleText('red', `${rule}: ${violations.length} violations`),
      ...violations
        .slice(0, MAX_SHOWN)
        .flatMap((one) => [
          `  ${one.subject}${one.key ? `, key ${one.key}` : ''}${one.orderId && !one.subject.includes(one.orderId) ? `, order ${one.orderId}` : ''}`,
          `    expected ${one.expected}`,
          `    found    ${one.found}`,
          ...traces.filter(({ violation }) => violation === one).flatMap(({ trace }) => traceLines(trace)),
        ]),
      ...(violations.length > MAX_SHOWN ? [`  and ${violations.length - MAX_SHOWN} more (--json lists them all)`] : []),
    ]),
    '',
    ...(report.folder ? [`Logs and data are kept in ${report.folder}`] : []),
    verdictLine(report),
  ].join('\n');
}

function faultRows({ faults, counts, notes }: Report): string[] {
  return [
    row('faults', faults.length === 0 ? 'none' : countsText(counts.faults)),
    ...[...faults.map(faultLine), ...notes].map((line) => `                   ${line}`),
  ];
}

/**
 * Every kind of call for the whole run; orders for each time in which one process was down, and for the time before.
 */
function availabilityRows(availability: readonly Availability[]): string[] {
  const [all, ...periods] = availability;
  const kinds = Object.entries(all?.kinds ?? {}).map(([kind, shares]) => [`  ${kind}`, shares] as const);
  const orders = periods.flatMap(({ what, kinds: { place } }) => (place ? [[`  ${what}`, place] as const] : []));
  return [
    row('first responses', wholeRun),
    ...kinds.map(([name, shares]) => row(name, sharesText(shares))),
    row('of orders', `with one process down, after its first second (frozen inventory: ${LOCKS_GONE_MS / 1_000} s)`),
    ...orders.map(([name, shares]) => row(name, sharesText(shares))),
  ];
}

function sharesText({ calls, accepted, failed, longestGapMs }: Shares): string {
  const share = (count: number) => `${((100 * count) / Math.max(1, calls)).toFixed(1)} %`;
  return `${calls}: ${share(accepted)} × 202, ${share(failed)} × 5xx or none; longest gap ${seconds(longestGapMs)}`;
}

function shoppersText({ orders, signIns, refreshes, lostAnswers, signOuts, thefts }: ShopperCounts): string {
  return `${orders} orders; ${signIns} sign-ins, ${refreshes} refreshes and ${lostAnswers} without an answer, ${signOuts} sign-outs, ${thefts} stolen tokens`;
}

function drainRows({ orders, synchronousRate, acceptedRate, drainRate, ratio, repeatedCommands }: Drain): string[] {
  return [
    row('placed', `${synchronousRate} orders/s synchronously`),
    row('accepted', `${orders} orders while inventory-service was down, ${acceptedRate} orders/s`),
    row('drained', `${drainRate} orders/s, ${ratio} times the rate at which they are placed`),
    row('asked again', `${repeatedCommands} times`),
  ];
}

function verdictLine({ verdict, doubts, seed, seconds: length, kinds, drain }: Report): string {
  const faults = kinds.length < faultKinds.length ? ` --faults ${kinds.join(',')}` : '';
  const again = `npm run chaos -- --seed ${seed} ${drain ? `--drain ${drain.orders}` : `--seconds ${length}${faults}`}`;
  if (verdict === 'violated') return styleText('red', `VIOLATED. To repeat: ${again}`);
  if (verdict === 'inconclusive') return styleText('yellow', `Inconclusive: ${doubts.join('; ')}. To repeat: ${again}`);
  return styleText('green', 'All checks passed: nothing lost, nothing duplicated, nothing oversold.');
}

function traceLines(trace: Trace): string[] {
  return Object.entries(trace)
    .filter(([, lines]) => lines.length > 0)
    .flatMap(([name, lines]) => [`    ${name}`, ...lines.map((line) => `      ${line}`)]);
}

function checkLine(rule: string, checked: number, wrong: number): string {
  const mark = wrong === 0 ? styleText('green', '✓') : styleText('red', '✗');
  return `  ${mark} ${rule} (${checked} checked${wrong === 0 ? '' : `, ${wrong} wrong`})`;
}

function countsText(table: Record<string, number | undefined>): string {
  return Object.entries(table)
    .sort(orderBy(([name]) => name))
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ');
}

function timesText(table: Partial<Record<string, number>>): string {
  return Object.entries(table)
    .map(([name, ms = 0]) => `${name} ${seconds(ms)}`)
    .join(', ');
}

function connectionsText(connections: readonly ConnectionCount[]): string {
  return connections.map(({ place, before, after }) => `${place} ${before} before, ${after} now`).join('; ');
}

/** The maximum of each process over all its restarts. */
function memoryText(memory: readonly ProcessMemory[]): string {
  const perName = Map.groupBy(memory, ({ name }) => name);
  return `at most ${[...perName].map(([name, lives]) => `${name} ${Math.max(...lives.map(({ mostMb }) => mostMb))} MB`).join(', ')}`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(16)} ${text}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
