import { styleText } from 'node:util';
import type { Verdict } from '../goals.ts';
import { cleanRounds, type ScenarioResult } from '../run.ts';
import { aimText, digits, failuresText, meetsText, spread, valueText } from './format.ts';
import { countSlices, ratiosOf, rowsOf } from './rows.ts';

type Output = NodeJS.WriteStream;

/** A scenario as text for the terminal. */
export function renderScenario(result: ScenarioResult, output: Output): string {
  const { scenario, rounds } = result;
  const rows = rowsOf(result).map((row) => [
    row.label,
    spread(row.rate),
    digits(row.p50?.median ?? Number.NaN),
    digits(row.p99?.median ?? Number.NaN),
    row.cpuMs?.median ? digits(row.cpuMs.median) : '–',
    row.memoryMb?.median ? digits(row.memoryMb.median) : '–',
    [failuresText(row.failures), row.doubled ? `${row.doubled} orders doubled` : ''].filter(Boolean).join('; '),
  ]);
  const head = ['', `${scenario.unit}/s`, 'p50 ms', 'p99 ms', 'CPU ms', 'MB', 'unexpected'];
  const ratios = ratiosOf(result).map(({ of, to, ratio }) => `${of} = ${spread(ratio, ' x')} ${to}`);
  const clean = cleanRounds(result).length;
  const { slices, dropped } = countSlices(result);
  const notes = [`${clean} of ${rounds.length} rounds clean, ${dropped} of ${slices} slices dropped`];
  if (result.naiveCapacity) notes.push(`all of naive’s capacity: ${digits(result.naiveCapacity)}/s`);
  const doubt =
    clean === 0
      ? [paint('yellow', '  Disturbed: other processes used the machine, so these numbers are not reliable.', output)]
      : [];
  return [
    paint('bold', scenario.title, output),
    ...alignColumns([head, ...rows]).map((line, index) => (index === 0 ? paint('dim', line, output) : line)),
    ...ratios.map((line) => `  ${paint('cyan', line, output)}`),
    paint('dim', `  ${notes.join('; ')}`, output),
    ...doubt,
    '',
  ].join('\n');
}

/** The goals as text for the terminal. */
export function renderGoals(verdicts: readonly Verdict[], output: Output): string {
  const measured = verdicts.filter(({ meets }) => meets);
  if (measured.length === 0) return '';
  const lines = measured.map((verdict) => [verdict.title, valueText(verdict), aimText(verdict), meetsText(verdict)]);
  const colours = { goal: 'green', must: 'green', neither: 'red' } as const;
  const [head = '', ...rest] = alignColumns([['', 'measured', 'target', ''], ...lines]);
  const painted = rest.map((line, index) => paint(colours[measured[index]?.meets ?? 'neither'], line, output));
  return [paint('bold', 'Goals', output), paint('dim', head, output), ...painted, ''].join('\n');
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

/** Adds colours if the output is a terminal. */
function paint(format: Parameters<typeof styleText>[0], text: string, stream: Output): string {
  return styleText(format, text, { stream });
}
