/** docs/performance.md and its charts, generated from one run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { Verdict } from '../goals.ts';
import type { Options } from '../options.ts';
import { cleanRounds, type RunResult, type ScenarioResult } from '../run.ts';
import type { Spread } from '../statistics.ts';
import { OTHERS_CORES_AT_MOST } from '../statistics.ts';
import { type Chart, renderChart } from './chart.ts';
import { aimText, digits, failuresText, meetsText, spread, valueText } from './format.ts';
import type { Machine } from './machine.ts';
import { countSlices, type Row, ratiosOf, rowsOf } from './rows.ts';

export const pagePath = 'docs/performance.md';
const chartFolder = 'docs/performance';

export interface PageInput {
  machine: Machine;
  run: RunResult;
  verdicts: readonly Verdict[];
  options: Options;
}

/** Writes the page and its charts. */
export function writePage(input: PageInput): void {
  const root = repositoryRoot();
  mkdirSync(join(root, chartFolder), { recursive: true });
  for (const { file, chart } of chartsOf(input.run.results)) {
    writeFileSync(join(root, chartFolder, file), renderChart(chart));
  }
  writeFileSync(join(root, pagePath), renderPage(input));
}

/** The charts of a run. */
export function chartsOf(results: readonly ScenarioResult[]): { file: string; chart: Chart }[] {
  const group = (names: RegExp, of: (row: Row) => Spread | undefined) =>
    results
      .filter(({ scenario }) => names.test(scenario.name))
      .map((result) => ({
        label: result.scenario.title,
        bars: rowsOf(result).flatMap((row) => {
          const value = of(row);
          return value ? [{ label: row.label, value }] : [];
        }),
      }))
      .filter(({ bars }) => bars.length > 0);
  const charts = [
    ['rates.svg', 'Orders placed', 'orders/s', group(/^uniform-\d+$/, ({ rate }) => rate)],
    ['contention.svg', 'Contention', 'orders/s', group(/^(hot|ten)$/, ({ rate }) => rate)],
    ['sales.svg', 'Orders of a real shop', 'lines/s', group(/^sales$/, ({ rate }) => rate)],
    ['latency.svg', 'p99 at a fixed rate', 'ms', group(/^open/, ({ p99 }) => p99)],
    ['cpu.svg', 'Processor time per order, services and databases', 'ms', group(/^uniform-\d+$/, cpuOfServices)],
    ['outage.svg', 'After an outage', 'orders/s', group(/^drain$/, ({ rate }) => rate)],
    ['processes.svg', 'More processes', 'orders/s', group(/^(processes|two-processes)$/, ({ rate }) => rate)],
    ['full.svg', 'On full tables', 'orders/s', group(/^(uniform-\d+|hot|ten)-full$/, ({ rate }) => rate)],
  ] as const;
  return charts
    .filter(([, , , groups]) => groups.length > 0)
    .map(([file, title, unit, groups]) => ({ file, chart: { title, unit, groups } }));
}

/** Only for sides with services: the CPU time of the limit's databases alone is not comparable. */
function cpuOfServices({ label, cpuMs }: Row): Spread | undefined {
  return label.startsWith('limit') || !cpuMs?.median ? undefined : cpuMs;
}

/** The page as text. */
export function renderPage({ machine, run, verdicts, options }: PageInput): string {
  const { slices, dropped } = total(run.results);
  const charts = chartsOf(run.results).map(({ file, chart }) => `![${chart.title}](performance/${file})`);
  const goalRows = verdicts.map((one) => [one.title, aimText(one), valueText(one), meetsText(one)]);
  return `${[
    '# Performance',
    '',
    'Written by `npm run bench -- --page`; do not edit it. [bench](../bench/README.md) explains the sides and how they are',
    'measured. The ratios are for this machine; run it on yours.',
    '',
    `- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`,
    `- Versions: ${versionsOf(machine, run)}`,
    `- Every database is durable, by the settings of its server: ${durabilityOf(run)}`,
    `- ${options.rounds} clean rounds of each scenario, windows of ${options.windowMs / 1_000} s; ${dropped} of ${slices} slices`,
    `  were dropped because other processes used more than ${OTHERS_CORES_AT_MOST} core in them`,
    ...(run.sales ? [`- The orders of a real shop: ${run.sales}`] : []),
    ...(run.rows ? [`- Full tables: with ${run.rows.toLocaleString('en-US')} orders, written by SQL beforehand`] : []),
    '',
    '## Goals',
    '',
    ...markdownTable(['', 'Target', 'Measured', ''], goalRows),
    '',
    ...charts.flatMap((chart) => [chart, '']),
    '## Scenarios',
    '',
    'Medians of the rounds, with minimum and maximum in brackets. CPU is the time of services and databases per request,',
    'until background work is finished; for our side the time of the broker is added. MB is the largest process of a',
    'service.',
    '',
    ...run.results.flatMap(renderScenario),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function renderScenario(result: ScenarioResult): string[] {
  const { scenario } = result;
  const rows = rowsOf(result).map((row) => [
    row.label,
    spread(row.rate),
    digits(row.p50?.median ?? Number.NaN),
    digits(row.p99?.median ?? Number.NaN),
    cpuText(row),
    row.memoryMb?.median ? digits(row.memoryMb.median) : '–',
    [failuresText(row.failures), row.doubled ? `${row.doubled} orders doubled` : ''].filter(Boolean).join('; '),
  ]);
  const ratios = ratiosOf(result).map(({ of, to, ratio }) => `${of} is ${spread(ratio, ' x')} ${to}`);
  const rounds = `${cleanRounds(result).length} of ${result.rounds.length} rounds clean`;
  const capacity = result.naiveCapacity ? [`naive’s capacity ${digits(result.naiveCapacity)}/s`] : [];
  return [
    `### ${scenario.title[0]?.toUpperCase()}${scenario.title.slice(1)}`,
    '',
    ...markdownTable(['', `${scenario.unit}/s`, 'p50 ms', 'p99 ms', 'CPU ms', 'MB', 'Unexpected'], rows),
    '',
    `${[...ratios, rounds, ...capacity].join('; ')}.`,
    '',
  ];
}

function cpuText({ cpuMs, brokerCpuMs }: Row): string {
  if (!cpuMs?.median) return '–';
  return brokerCpuMs?.median ? `${digits(cpuMs.median)} + ${digits(brokerCpuMs.median)}` : digits(cpuMs.median);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = all;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)];
}

function versionsOf({ node, commit }: Machine, { servers }: RunResult): string {
  const postgres = servers.ours?.['order-db']?.server_version;
  const rabbitmq = servers.ours?.broker?.rabbitmq_version;
  const versions = [`Node ${node}`, postgres && `PostgreSQL ${postgres}`, rabbitmq && `RabbitMQ ${rabbitmq}`];
  return [...versions, commit && `commit ${commit}`].filter(Boolean).join(', ');
}

/** The settings that every side must have enabled, as reported by the servers. */
function durabilityOf({ servers }: RunResult): string {
  const settings = servers.ours?.['order-db'] ?? {};
  return ['fsync', 'synchronous_commit', 'full_page_writes'].map((name) => `\`${name}\` ${settings[name]}`).join(', ');
}

function total(results: readonly ScenarioResult[]): { slices: number; dropped: number } {
  const counts = results.map(countSlices);
  const sum = (of: (one: { slices: number; dropped: number }) => number) =>
    counts.reduce((all, one) => all + of(one), 0);
  return { slices: sum(({ slices }) => slices), dropped: sum(({ dropped }) => dropped) };
}
