import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '@shop/operator/read-arguments.ts';
import { onFullTables, quickScenarios, type Scenario, scenarios } from './scenarios.ts';

export interface Options {
  scenarios: readonly Scenario[];
  isQuick: boolean;
  /** The number of clean rounds. Disturbed rounds are repeated, up to twice this number in total. */
  rounds: number;
  leadInMs: number;
  windowMs: number;
  warmUpMs: number;
  /** A file with the orders of a real shop. */
  orders: string | undefined;
  /** Orders in the tables of a second side with our services. */
  rows: number | undefined;
  /** Measure the rebuild of the order histories of this many orders, and nothing else. */
  rebuild: number | undefined;
  profile: boolean;
  json: boolean;
  page: boolean;
}

// A process is warm when its hot functions are compiled, which depends on load and time, not on a number of requests.
const FULL = { leadInMs: 1_000, windowMs: 5_000, warmUpMs: 8_000 };
const QUICK = { leadInMs: 500, windowMs: 1_500, warmUpMs: 3_000 };

const list = scenarios.map(({ name, title }) => `                    ${name.padEnd(14)} ${title}`).join('\n');

export const help = `npm run bench [-- options]

Measures the services against the usual implementation (bench/naive), against Express without a database (floor), and
against the same rows written by SQL alone (limit), side by side on this machine: every side on separate servers,
durable, warm, one after another in every round, in rotating order. It takes twenty minutes and needs the machine for
itself: slices of time in which other programs used more than 0.15 core are dropped, and a round in which more than
half are dropped is repeated.

  --quick           the most important scenarios with short windows, in less than 3 minutes
  --scenario LIST   measure only these, separated by commas:
${list}
  --rounds N        clean rounds of each scenario (default 3, 1 to 20); each may take up to two attempts
  --orders FILE     use the orders of a real shop from this file, in the format of npm run replay; without it, orders
                    with the same distribution are generated
  --rows N          measure on tables with this many orders, written by SQL first, against empty ones; replaces all
                    other scenarios, except with --page; --scenario chooses which
  --rebuild N       measure something else: how fast the order histories of this many orders are built again
  --profile         write a CPU profile, a flame graph and a table of functions for each of our service processes and
                    each scenario, from an additional measurement that does not count
  --json            print everything as one JSON object
  --page            write docs/performance.md and its charts from this run, if every round was clean
  --help

Exit code: 0 measured, 1 failed, 2 disturbed (a scenario had no clean round, so its numbers are not reliable) or invalid
usage.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = readArguments(
    args,
    {
      quick: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      orders: { type: 'string' },
      rows: { type: 'string' },
      rebuild: { type: 'string' },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
    },
    false,
  );
  if (values.help) return 'help';
  if (values.page && (values.quick || values.scenario !== undefined)) {
    throw new UsageError('--page needs a complete run: it cannot be combined with --quick or --scenario');
  }
  const others = values.rows ?? values.scenario ?? values.orders;
  if (values.rebuild !== undefined && (others !== undefined || values.quick || values.page || values.profile)) {
    throw new UsageError('--rebuild measures nothing else: it can be combined with --json only');
  }
  const rows = values.rows === undefined ? undefined : wholeNumber('--rows', values.rows, 1, 1_000_000_000);
  const chosen = chooseScenarios(values.quick ? quickScenarios() : scenarios, values.scenario);
  if (values.orders !== undefined && !chosen.some(({ name }) => name === 'sales')) {
    throw new UsageError('--orders is for the scenario sales, which is not part of this run');
  }
  return {
    scenarios: rows === undefined ? chosen : [...(values.page ? chosen : []), ...fullTables(chosen, values.scenario)],
    isQuick: values.quick,
    rounds: wholeNumber('--rounds', values.rounds, 1, 20),
    ...(values.quick ? QUICK : FULL),
    orders: values.orders,
    rows,
    rebuild: values.rebuild === undefined ? undefined : wholeNumber('--rebuild', values.rebuild, 1, 100_000_000),
    profile: values.profile,
    json: values.json,
    page: values.page,
  };
}

function chooseScenarios(all: readonly Scenario[], names: string | undefined): readonly Scenario[] {
  if (names === undefined) return all;
  const wanted = names.split(',');
  // With --quick, a named scenario that is not part of the quick run is measured with the short windows.
  const known = [...all, ...scenarios.filter(({ name }) => !all.some((one) => one.name === name))];
  const unknown = wanted.find((name) => !known.some((one) => one.name === name));
  if (unknown !== undefined) {
    const possible = scenarios.map(({ name }) => name).join(', ');
    throw new UsageError(`--scenario takes names separated by commas (${possible}), not "${unknown}"`);
  }
  return known.filter(({ name }) => wanted.includes(name));
}

function fullTables(chosen: readonly Scenario[], named: string | undefined): Scenario[] {
  const full = chosen.map((scenario) => [scenario, onFullTables(scenario)] as const);
  const without = full.find(([, variant]) => variant === undefined)?.[0];
  if (without && named !== undefined)
    throw new UsageError(`${without.name} cannot be measured on full tables, so not with --rows`);
  return full.flatMap(([, variant]) => variant ?? []);
}

function wholeNumber(option: string, text: string, lowest: number, highest: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (number >= lowest && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from ${lowest} to ${highest}, not "${text}"`);
}
