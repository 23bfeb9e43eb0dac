/** Causes the planned faults, and undoes them. */

import { setTimeout as delay } from 'node:timers/promises';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { urlOf } from '@shop/local/addresses.ts';
import { killPart, partStatus, pausePart, resumePart, startPart, stopPart } from '@shop/local/control.ts';
import type { System } from '@shop/local/parts.ts';
import { allPartNames, partOf, postgresOf, rabbitmqOf } from '@shop/local/parts.ts';
import { superuserUrl } from '@shop/local/servers/postgres.ts';
import { rabbitmqctl } from '@shop/local/servers/rabbitmq.ts';
import pg from 'pg';
import { services } from '../services.ts';
import { viewBroker } from './broker.ts';
import { type ClockError, hasWrongClock, removeRemainsAtExit, withClock } from './clock.ts';
import type { LinkMode, Network } from './network.ts';
import { linkOf, type PlannedFault } from './schedule.ts';

export type DoneFault = PlannedFault & {
  /** Milliseconds since the start of the workload; `effect` is false if there was nothing to break at that time. */
  began: number;
  ended: number;
  effect: boolean;
  /** Nothing else was broken at the same time. Its end is when the repair began. */
  isAlone?: boolean;
};

// Processes and databases start slowly on a busy machine.
const SHOW_TIMEOUT_MS = 20_000;
const CUT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 60_000;
// RabbitMQ's default.
const DEFAULT_DISK_LIMIT_BYTES = 50_000_000;

/** Causes faults until `end`; after that nothing is broken or restarted. */
export interface Battlefield {
  system: System;
  network: Network;
  end: AbortSignal;
}

/**
 * Runs the whole plan; resolves when every fault is undone. A part that takes long to come back gets its next fault after
 * that; links break instantly and on schedule.
 */
export async function runFaults(
  field: Battlefield,
  plan: readonly PlannedFault[],
  now: () => number,
  onFault: (fault: DoneFault) => void,
): Promise<void> {
  const run = async (fault: PlannedFault) => {
    await delay(Math.max(0, fault.at - now()), undefined, { signal: field.end });
    const began = now();
    const effect = await inflict(field, fault);
    const done = { ...fault, began, ended: began, effect };
    onFault(done);
    await delay(fault.lasts, undefined, { signal: field.end });
    await undo(field, fault);
    done.ended = now();
  };
  const perPart = Map.groupBy(plan, (fault) => (linkOf(fault) ? fault : fault.part)).values();
  const runAll = async (faults: PlannedFault[]) => {
    for (const fault of faults.toSorted(orderBy(({ at }) => at))) await run(fault);
  };
  await Promise.all([...perPart].map(runAll));
}

/**
 * Causes one fault after another, each while everything else works: `at` is the pause before it, and the next one begins when
 * the part responds again.
 */
export async function runAlone(
  field: Battlefield,
  plan: readonly PlannedFault[],
  now: () => number,
  onFault: (fault: DoneFault) => void,
): Promise<void> {
  for (const fault of plan) {
    await delay(fault.at, undefined, { signal: field.end });
    const began = now();
    const effect = await inflict(field, fault);
    const done = { ...fault, at: began, began, ended: began, effect, isAlone: true };
    onFault(done);
    await delay(fault.lasts, undefined, { signal: field.end });
    done.ended = now();
    await undo(field, fault);
    const part = partOf(field.system, fault.part);
    await until(field.end, SHOW_TIMEOUT_MS, async () => (await part.answers()) || undefined);
  }
}

async function inflict(field: Battlefield, fault: PlannedFault): Promise<boolean> {
  const { system, network } = field;
  const { part: name, how } = fault;
  const link = linkOf(fault);
  if (link) {
    network[link].set(how as LinkMode);
    return true;
  }
  const part = partOf(system, name);
  switch (how) {
    case 'kill':
      return killPart(part);
    case 'stop':
      return stopPart(part);
    case 'pause':
      return pausePart(part);
    case 'cut':
      return until(field.end, CUT_TIMEOUT_MS, () => cutConnections(system, name));
    case 'ahead':
    case 'behind':
      return startWithWrongClock(field, name, how);
    case 'alarm':
      return setDiskAlarm(field);
    default:
      throw new Error(`${how} is not a fault of ${name}`);
  }
}

async function undo(field: Battlefield, fault: PlannedFault): Promise<void> {
  const { system, network } = field;
  const { part: name, how } = fault;
  const link = linkOf(fault);
  if (link) return network[link].set('pass');
  const part = partOf(system, name);
  if (how === 'cut') return;
  if (how === 'pause') resumePart(part);
  else if (how === 'alarm') await endDiskAlarm(field);
  else {
    if (how === 'ahead' || how === 'behind') stopPart(part); // and restart it with the right clock
    await startPart(part);
  }
}

/** Restarts a process with a clock that is wrong by minutes; true when its responses show that clock. */
async function startWithWrongClock({ system, end }: Battlefield, name: string, error: ClockError): Promise<boolean> {
  const part = partOf(system, name);
  if (!stopPart(part)) return false;
  await startPart({ ...part, launch: () => withClock(part.launch(), error) });
  const pid = partStatus(part).process?.pid;
  if (pid !== undefined) removeRemainsAtExit(pid);
  return until(end, SHOW_TIMEOUT_MS, () => hasWrongClock(`${urlOf(system.plan, name)}/health/live`));
}

/** Raises the broker's disk alarm, so that it blocks publishing connections. */
async function setDiskAlarm({ system, end }: Battlefield): Promise<boolean> {
  const { hasAlarm } = viewBroker(system);
  await until(end, ANSWER_TIMEOUT_MS, hasAlarm);
  return (await setDiskLimit(system, 10 ** 18)) && (await hasAlarm()) === true;
}

/** Clears the alarm: a restarted broker has lost it; one that is frozen or down is asked later. */
async function endDiskAlarm({ system, end }: Battlefield): Promise<void> {
  const { hasAlarm } = viewBroker(system);
  await until(end, END_TIMEOUT_MS, async () => {
    if ((await hasAlarm()) === false) return true;
    await setDiskLimit(system, DEFAULT_DISK_LIMIT_BYTES);
    return undefined;
  });
}

function setDiskLimit(system: System, bytes: number): Promise<boolean> {
  return rabbitmqctl(rabbitmqOf(system), ['set_disk_free_limit', String(bytes)]);
}

/** True if connections were cut; undefined while the database is down or has no connections. */
async function cutConnections(system: System, name: string): Promise<boolean | undefined> {
  const role = services.find(({ database }) => database.server === name)?.database.role;
  const client = new pg.Client({
    connectionString: superuserUrl(postgresOf(system, name)),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => {}); // the server may be killed at any time; the query reports it
  try {
    await client.connect();
    const cut = await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    return (cut.rowCount ?? 0) > 0 || undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Retries until there is a result; false on timeout. */
async function until(end: AbortSignal, withinMs: number, probe: () => Promise<boolean | undefined>): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    await delay(200, undefined, { signal: end });
  }
  return false;
}

/** Detects parts that exit without a fault, and restarts them so that the run continues. */
export function watchCrashes({ system, end }: Battlefield): { stop: () => string[] } {
  const crashes: string[] = [];
  const seen = new Set<string>();
  const timer = setInterval(() => {
    if (end.aborted) return;
    for (const name of allPartNames(system.plan)) {
      const part = partOf(system, name);
      const { state, process } = partStatus(part);
      const life = `${name} (pid ${process?.pid})`;
      if (state !== 'crashed' || seen.has(life)) continue;
      seen.add(life);
      crashes.push(`${life}, seen at ${new Date().toISOString()}; ${part.log}`);
      void startPart(part);
    }
  }, 300);
  return {
    stop: () => {
      clearInterval(timer);
      return crashes;
    },
  };
}
