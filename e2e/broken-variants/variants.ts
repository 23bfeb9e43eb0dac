/**
 * Trees with one fault each. The header of each patch says what is wrong and which rules must find it; this file has
 * the run that exposes it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkMode, LinkName } from '@shop/chaos/network.ts';
import type { PlannedFault } from '@shop/chaos/schedule.ts';

/** A run of `npm run chaos`: options and faults, with times in milliseconds since the first order. */
export interface Run {
  seconds: number;
  recoverWithin: number;
  faults: PlannedFault[];
}

export interface Variant {
  /** The file name of the patch without its extension. */
  name: string;
  patch: string;
  wrong: string;
  /** All of these rules must find it. */
  rules: string[];
  /** A test of `npm test` that finds it too, in seconds. */
  test?: { file: string; title: string };
  run: Run;
}

const inventoryDbAway = fault('postgres', 'inventory-db', 'kill', 1_000, 2_500);
/**
 * Responses of inventory-service are delayed, so most requests are between their two transactions when the database
 * becomes unavailable. The broker confirms nothing during that time, so that the relays have no effect.
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
 * When the connections break, handled messages are not acknowledged and sent messages are not confirmed, so all of them
 * are repeated. Between two breaks both services have time to connect.
 */
const answersUnderWayAreLost = [1_000, 3_500, 6_000].flatMap((at) =>
  (['order to broker', 'inventory to broker'] as const).flatMap((name) => [
    link(name, 'delay', at, 1_000),
    link(name, 'refuse', at + 900, 100),
  ]),
);

const runs: Record<string, Run> = {
  // Commands that are lost with the events are sent again after 30 s; the run need not wait for that.
  '01-outbox-marks-before-the-confirm': {
    ...run([link('order to broker', 'delay', 800, 3_000), fault('broker', 'broker', 'kill', 2_000, 500)]),
    recoverWithin: 15,
  },
  '02-hold-without-its-lock': run([]),
  '03-key-row-in-its-own-transaction': run([]),
  '04-reply-without-the-pending-guard': run([inventoryDbAway]),
  '05-cancel-of-a-pending-order-without-its-release': run([inventoryDbAway]),
  // A frozen process holds requests while another one handles their releases. Twice, because it happens rarely.
  '06-tombstone-not-respected': run(
    [
      inventoryDbAway,
      fault('pause', 'inventory-1', 'pause', 3_500, 2_000),
      fault('postgres', 'inventory-db', 'kill', 6_500, 2_000),
      fault('pause', 'inventory-2', 'pause', 8_500, 2_000),
    ],
    10,
  ),
  // A repeated fulfil can leave a later one without units. That one is retried for minutes; the run need not wait for
  // it.
  '07-fulfil-not-idempotent': { ...run(answersUnderWayAreLost, 8), recoverWithin: 15 },
  '08-replay-from-the-present-status': run([]),
  '09-cancellation-without-its-event': run([]),
  '10-release-without-its-ledger-row': run([]),
  '11-completer-absent': { ...run(placingsDie, 7), recoverWithin: 20 },
  '12-takeover-makes-a-new-order': run(placingsDie, 7),
  '13-fingerprint-not-compared': run([]),
  '14-key-without-its-client': run([]),
  // The histories stay behind, whatever the run waits for.
  '15-history-ignores-newer-versions': { ...run([]), recoverWithin: 10 },
  '16-refresh-after-the-sign-out': run([]),
  '17-used-token-is-theft': run([]),
  '18-shoppers-see-the-orders-of-all': run([]),
};

const head = /^Wrong: (.+)\nFound by: (.+)\n(?:Test: `(.+)`: "(.+)"\n)?/;

/** All patches of this folder, by number. */
export function readVariants(): Variant[] {
  const files = readdirSync(__dirname).filter((file) => file.endsWith('.patch'));
  return files.sort().map((file) => {
    const patch = join(__dirname, file);
    const [, wrong = '', rules = '', testFile, title] = head.exec(readFileSync(patch, 'utf8')) ?? [];
    const name = file.replace(/\.patch$/, '');
    const run = runs[name];
    if (!wrong || !run) throw new Error(`${file} needs a header of two lines, "Wrong: …" and "Found by: …", and a run`);
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

/** One run with the faults of all variants, one after the other. */
export function runOfAll(variants: readonly Variant[]): Run {
  const different = new Map(variants.map(({ run }) => [JSON.stringify(run.faults), run]));
  const all = [...different.values()].filter(({ faults }) => faults.length > 0);
  const ends = all.map((_, index) => all.slice(0, index).reduce((sum, { seconds }) => sum + seconds, 0));
  return {
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    recoverWithin: 60,
    faults: all.flatMap(({ faults }, index) =>
      faults.map((one) => ({ ...one, at: one.at + 1_000 * (ends[index] ?? 0) })),
    ),
  };
}

// The shortest run that the command allows: these faults have an effect immediately.
function run(faults: PlannedFault[], seconds = 5): Run {
  return { seconds, recoverWithin: 60, faults };
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
