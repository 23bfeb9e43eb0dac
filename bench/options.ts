import { parseArgs } from 'node:util';
import { UsageError } from '@shop/operator/faults.ts';
import { quickScenarios, type Scenario, scenarios } from './scenarios.ts';

export interface Options {
  scenarios: readonly Scenario[];
  isQuick: boolean;
  /** Clean rounds to have. A disturbed one is repeated until twice as many were tried. */
  rounds: number;
  leadInMs: number;
  windowMs: number;
  warmUpMs: number;
  json: boolean;
  page: boolean;
}

// A process is warm when its hot functions are compiled, which takes load and time rather than a number of requests.
const FULL = { leadInMs: 1_000, windowMs: 5_000, warmUpMs: 8_000 };
const QUICK = { leadInMs: 500, windowMs: 1_500, warmUpMs: 3_000 };

const list = scenarios.map(({ name, title }) => `                    ${name.padEnd(14)} ${title}`).join('\n');

export const help = `npm run bench [-- options]

Measures the services against the usual implementation (bench/naive), against Express without a database (floor), and
against the same rows written by SQL alone (limit), side by side on this machine: every side on servers of its own,
durable, warm, one after the other in every round, the order rotated. It takes a quarter of an hour and wants the machine
for itself: slices of time in which others used more than 0.15 core are dropped, and a round in which more than half
are dropped is repeated.

  --quick           the most important scenarios with short windows, in less than 3 minutes
  --scenario LIST   only these, separated by commas:
${list}
  --rounds N        clean rounds of each scenario (default 3, 1 to 20); each may take up to two attempts
  --json            print everything as one JSON object
  --page            write docs/performance.md and its charts from this run, if all of it was clean
  --help

Exit code: 0 measured, 1 it could not be, 2 disturbed: a scenario had no clean round, so its numbers are not to be
trusted (or the command line was wrong).`;

/** The options of the command line, or 'help'; throws a UsageError that says in a line what is wrong. */
export function parseOptions(args: string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  if (values.page && (values.quick || values.scenario !== undefined)) {
    throw new UsageError('--page is written from a whole run: it takes neither --quick nor --scenario');
  }
  return {
    scenarios: chooseScenarios(values.quick ? quickScenarios() : scenarios, values.scenario),
    isQuick: values.quick,
    rounds: wholeNumber('--rounds', values.rounds, 1, 20),
    ...(values.quick ? QUICK : FULL),
    json: values.json,
    page: values.page,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        scenario: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        page: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    // Node's messages explain how to quote odd positionals after the first sentence.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function chooseScenarios(all: readonly Scenario[], names: string | undefined): readonly Scenario[] {
  if (names === undefined) return all;
  const wanted = names.split(',');
  // One that is not part of the quick run is measured all the same when it is named, with the short windows.
  const known = [...all, ...scenarios.filter(({ name }) => !all.some((one) => one.name === name))];
  const unknown = wanted.find((name) => !known.some((one) => one.name === name));
  if (unknown !== undefined) {
    const possible = scenarios.map(({ name }) => name).join(', ');
    throw new UsageError(`--scenario takes names separated by commas (${possible}), not "${unknown}"`);
  }
  return known.filter(({ name }) => wanted.includes(name));
}

function wholeNumber(option: string, text: string, lowest: number, highest: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number >= lowest && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from ${lowest} to ${highest}, not "${text}"`);
}
