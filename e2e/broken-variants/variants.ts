/**
 * Trees that are wrong in one place each. What is wrong, and which rule has to find it, stands at the head of the patch;
 * here stands the run that brings it to light.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkMode, LinkName } from '@shop/chaos/network.ts';
import type { PlannedFault } from '@shop/chaos/schedule.ts';

/** A run of `npm run chaos`: its options and its faults, with times in milliseconds since the first order. */
export interface Run {
  seconds: number;
  settle: number;
  faults: PlannedFault[];
}

export interface Variant {
  /** The patch's file name without its ending. */
  name: string;
  patch: string;
  wrong: string;
  /** Each of them has to find it. */
  rules: string[];
  /** A test of every day that finds it too, in seconds. */
  test?: { file: string; title: string };
  run: Run;
}

const inventoryDbAway = fault('postgres', 'inventory-db', 'kill', 1_000, 2_500);
/**
 * Every answer of inventory takes a while, so most requests are between their two transactions when the database goes
 * away. The broker does not confirm anything meanwhile, so that the relays keep out of it.
 */
const placingsDie = [
  link('order to inventory-1', 'delay', 600, 5_000),
  link('order to inventory-2', 'delay', 600, 5_000),
  link('order to broker', 'blackhole', 1_000, 4_800),
  link('order to order-db', 'refuse', 1_600, 600),
  link('order to order-db', 'refuse', 3_200, 600),
  link('order to order-db', 'refuse', 4_800, 600),
];
/**
 * What was handled is not acknowledged yet, and what was sent not confirmed, when the connections break: all of it comes
 * again. Between two breaks both services find the time to connect.
 */
const answersUnderWayAreLost = [1_000, 3_500, 6_000].flatMap((at) =>
  (['order to broker', 'inventory to broker'] as const).flatMap((name) => [
    link(name, 'delay', at, 1_000),
    link(name, 'refuse', at + 900, 100),
  ]),
);

const runs: Record<string, Run> = {
  // Commands that are lost with the events are sent again after 30 s, for which nobody has to wait.
  '01-outbox-marks-before-the-confirm': {
    ...run([link('order to broker', 'delay', 800, 3_000), fault('broker', 'broker', 'kill', 2_000, 500)]),
    settle: 15,
  },
  '02-hold-without-its-lock': run([]),
  '03-key-row-in-its-own-transaction': run([]),
  '04-reply-without-the-pending-guard': run([inventoryDbAway]),
  '05-cancel-of-a-pending-order-without-its-release': run([inventoryDbAway]),
  // Requests that a frozen process has in its hands while another one handles their releases; twice, for it is rare.
  '06-tombstone-not-respected': run(
    [
      inventoryDbAway,
      fault('pause', 'inventory-1', 'pause', 3_500, 2_000),
      fault('postgres', 'inventory-db', 'kill', 6_500, 2_000),
      fault('pause', 'inventory-2', 'pause', 8_500, 2_000),
    ],
    10,
  ),
  // A fulfil too many can leave a later one without its units; it is tried again for minutes, for which nobody has to wait.
  '07-fulfil-not-idempotent': { ...run(answersUnderWayAreLost, 8), settle: 15 },
  '08-replay-from-the-present-status': run([]),
  '09-cancellation-without-its-event': run([]),
  '10-release-without-its-ledger-row': run([]),
  '11-completer-absent': { ...run(placingsDie, 7), settle: 20 },
  '12-takeover-makes-a-new-order': run(placingsDie, 7),
  '13-fingerprint-not-compared': run([]),
  '14-key-without-its-client': run([]),
};

const head = /^Wrong: (.+)\nFound by: (.+)\n(?:Test: `(.+)`: "(.+)"\n)?/;

/** Every patch of this folder, in the order of its number. */
export function readVariants(): Variant[] {
  const files = readdirSync(__dirname).filter((file) => file.endsWith('.patch'));
  return files.sort().map((file) => {
    const patch = join(__dirname, file);
    const [, wrong = '', rules = '', testFile, title] = head.exec(readFileSync(patch, 'utf8')) ?? [];
    const name = file.replace(/\.patch$/, '');
    const run = runs[name];
    if (!wrong || !run) throw new Error(`${file} needs a head of two lines, "Wrong: …" and "Found by: …", and a run`);
    return {
      name,
      patch,
      wrong,
      rules: rules.split('; '),
      ...(testFile && title && { test: { file: testFile, title } }),
      run,
    };
  });
}

/** One run with the faults of all of them, one after the other. */
export function runOfAll(variants: readonly Variant[]): Run {
  const different = new Map(variants.map(({ run }) => [JSON.stringify(run.faults), run]));
  const all = [...different.values()].filter(({ faults }) => faults.length > 0);
  const ends = all.map((_, index) => all.slice(0, index).reduce((sum, { seconds }) => sum + seconds, 0));
  return {
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    settle: 60,
    faults: all.flatMap(({ faults }, index) =>
      faults.map((one) => ({ ...one, at: one.at + 1_000 * (ends[index] ?? 0) })),
    ),
  };
}

// As short as the command allows: what goes wrong here goes wrong at once.
function run(faults: PlannedFault[], seconds = 5): Run {
  return { seconds, settle: 60, faults };
}

function fault(
  kind: PlannedFault['kind'],
  part: string,
  how: PlannedFault['how'],
  at: number,
  lasts: number,
): PlannedFault {
  return { kind, part, how, at, lasts };
}

function link(name: LinkName, mode: Exclude<LinkMode, 'pass'>, at: number, lasts: number): PlannedFault {
  return fault('network', name, mode, at, lasts);
}
