import { join } from 'node:path';
import type { System } from '@shop/local/parts.ts';
import type { Gateway } from '@shop/operator/gateway.ts';
import { measureAvailability } from './availability.ts';
import type { BrokerView } from './broker.ts';
import { type Check, checkEvidence } from './checker.ts';
import { collectEvidence } from './collect-evidence.ts';
import { connectionsAfter } from './connections.ts';
import type { Databases } from './databases.ts';
import type { Evidence, ListedOrder, Unfinished } from './evidence.ts';
import type { ChangeFollower } from './follow-changes.ts';
import { isDecided } from './history.ts';
import type { DoneFault } from './nemesis.ts';
import { coldSkus, hotSkus } from './operations.ts';
import type { Report } from './report.ts';
import type { ApiKeys } from './sender.ts';
import type { Shoppers } from './shoppers.ts';
import { countShoppers } from './summary.ts';
import { traceOf } from './trace.ts';
import { waitingOrders, waitUntilIdle } from './wait-until-idle.ts';
import type { watchLevels } from './watch-levels.ts';
import type { watchMemory } from './watch-memory.ts';
import type { Workload } from './workload.ts';

/** The parts of a run. */
export interface Scene {
  system: System;
  gateway: Gateway;
  databases: Databases;
  broker: BrokerView;
  apiKeys: ApiKeys;
  workload: Workload;
  changes: ChangeFollower;
  shoppers: Shoppers;
}

/** Observations during the run. */
export interface Watched {
  levels: ReturnType<typeof watchLevels>;
  memory: ReturnType<typeof watchMemory>;
  connectionsBefore: Map<string, number>;
  crashes: string[];
  faults: readonly DoneFault[];
}

type Conclusion = Pick<
  Report,
  | 'recoveredMs'
  | 'waitingWhenHealed'
  | 'samples'
  | 'connections'
  | 'memory'
  | 'availability'
  | 'shoppers'
  | 'checks'
  | 'traces'
>;

// Even if the keys used up the time, the remaining places are still checked.
const LAST_LOOK_MS = 5_000;
// The number of keys repeated after the system is quiet; more would not find more.
const MAX_REPEATS_AT_THE_END = 1_500;
const MAX_TRACES = 5;

/**
 * When all parts are back: waits until all orders are decided (for this many seconds, plus the time the backlog takes at the
 * synchronous rate), repeats requests, collects evidence, and checks it.
 */
export async function conclude(
  scene: Scene,
  watched: Watched,
  ordersPerSecond: number,
  idleWithinSeconds: number,
): Promise<Conclusion> {
  const { workload, databases, broker, gateway, apiKeys, system, changes, shoppers } = scene;
  const healedAt = workload.now();
  const waiting = (await waitingOrders(databases)).length;
  const deadline = 1_000 * idleWithinSeconds + (1_000 * waiting) / Math.max(ordersPerSecond, 1);
  const unfinished = await finishWork(workload, deadline, (withinMs) =>
    waitUntilIdle(databases, broker, withinMs, (text) => process.stderr.write(`  ${text}\n`)),
  );
  const idleAt = workload.now();

  process.stderr.write('Repeating keys, collecting, checking …\n');
  const ofShoppers = await shoppers.collect();
  await workload.repeatAll(MAX_REPEATS_AT_THE_END);
  const samples = await watched.levels.stop();
  const collected = await collectEvidence(databases, broker, gateway, apiKeys);
  const evidence: Evidence = {
    operations: workload.operations,
    ...collected,
    ...ofShoppers,
    listed: [...collected.listed, ...listedByShoppers(ofShoppers.shown)],
    streamed: await changes.stop(collected.orders.reduce((sum, { version }) => sum + version, 0)),
    skus: [...hotSkus, ...coldSkus],
    samples,
    unfinished,
    crashes: watched.crashes,
    connections: await connectionsAfter(databases, broker, watched.connectionsBefore),
    memory: watched.memory.stop(),
    availability: measureAvailability(workload.operations, watched.faults, healedAt),
  };
  const checks = checkEvidence(evidence);
  return {
    recoveredMs: Math.round(idleAt - healedAt),
    waitingWhenHealed: waiting,
    samples: samples.checked,
    connections: evidence.connections,
    memory: evidence.memory,
    availability: evidence.availability,
    shoppers: countShoppers(evidence),
    checks,
    traces: await traces(checks, evidence, watched.faults, join(system.folder, 'logs')),
  };
}

/** As the lists of the other clients. */
function listedByShoppers(shown: Evidence['shown']): ListedOrder[] {
  return shown
    .filter(({ where }) => where === '/orders')
    .map(({ shopper, id, status, version }) => ({ client: 'web', id, customerId: shopper, status, version }));
}

/** First waits for the final response of every key; then nothing may be left anywhere. */
async function finishWork(
  workload: Workload,
  withinMs: number,
  untilQuiet: (withinMs: number) => Promise<Unfinished>,
): Promise<Unfinished> {
  const timer = setTimeout(workload.giveUp, withinMs);
  const began = workload.now();
  await Promise.all([workload.decided(), workload.decideAll()]);
  clearTimeout(timer);
  const tookMs = workload.now() - began;
  process.stderr.write(`  every key has its final response after ${(tookMs / 1_000).toFixed(1)} s\n`);
  const undecided = workload.operations.filter(
    (one) => one.kind !== 'read' && !one.isForsaken && !isDecided(one),
  ).length;
  if (undecided > 0) process.stderr.write(`${undecided} keys have no final response.\n`);
  return untilQuiet(Math.max(withinMs - tookMs, LAST_LOOK_MS));
}

/** The verdict from checks and doubts. */
export function verdictOf(checks: readonly Check[], doubts: readonly string[]): Report['verdict'] {
  if (checks.some(({ violations }) => violations.length > 0)) return 'violated';
  return doubts.length > 0 ? 'inconclusive' : 'holds';
}

async function traces(checks: readonly Check[], evidence: Evidence, faults: readonly DoneFault[], logs: string) {
  const all = checks.flatMap(({ rule, violations }) =>
    violations.slice(0, 2).map((violation) => ({ rule, violation })),
  );
  return Promise.all(
    all
      .slice(0, MAX_TRACES)
      .map(async (one) => ({ ...one, trace: await traceOf(one.violation, evidence, faults, logs) })),
  );
}
