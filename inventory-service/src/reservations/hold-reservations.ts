/**
 * The hot path: calls that arrive together hold their stock together. Where everything fits and every id is new, that is
 * one statement; otherwise its slow path is the transaction that messages use too.
 *
 * A row that some other transaction keeps (a report, a correction by hand) must not hold up the orders of other products.
 * The first batch that meets it waits for it as long as any statement does, then looks which rows are locked and decides all
 * that do not touch them. From then on such a batch looks first and waits for nothing, until the row is free again.
 */

import type { Pool } from '@shop/chassis/base/db/pool.ts';
import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import type { Traced, Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import {
  type Batcher,
  createBatcher,
  isolatingFailures,
  type QueueLimits,
} from '@shop/chassis/reliable/batching/batcher.ts';
import { databaseFault } from '@shop/chassis/reliable/postgres/faults.ts';
import { retryingDeadlocks, sqlState } from '@shop/chassis/reliable/postgres/transaction.ts';
import { findLockedLevels } from '../stock/stock.sql.ts';
import { changeReservations } from './change-reservations.ts';
import type { ReservationCommand } from './decide.ts';
import { type HoldOutcome, type HoldResult, mergeLines } from './reservation.ts';
import { holdIfAmple, isReservationTaken } from './reservations.sql.ts';

export type HoldCommand = ReservationCommand & { kind: 'hold' };

/** One call: its reservations, and an outcome for each, in their order. */
export type HoldBatcher = Batcher<readonly HoldCommand[], HoldResult[]>;

// Three batches in flight keep the database busy; more of them would only wait for each other's rows.
const SLOTS = 3;
const MAX_CALLS = 256;
// Bounds the time that a batch holds its locks.
const MAX_LINES = 4_000;
// Of the 1.5 s for which a caller waits; who joins a longer queue would only be refused later.
const QUEUE_LIMITS: QueueLimits = { maxWaitMs: 1_000, maxExpectedWaitMs: 300 };
const MAX_LOCKED = 10_000;
const LOCK_NOT_AVAILABLE = '55P03';

type HoldDeps = Pick<HoldBatcherDeps, 'pool' | 'now'>;

export interface HoldBatcherDeps {
  pool: Pool;
  metrics: Metrics;
  now: () => Date;
  tracing?: Tracing;
  /** The service's own, unless given. */
  limits?: QueueLimits;
}

/** The batcher of `POST /reservations`. A call weighs as much as it has lines. */
export function createHoldBatcher(deps: HoldBatcherDeps): HoldBatcher {
  const { metrics, tracing, limits = QUEUE_LIMITS } = deps;
  /** SKUs whose rows another transaction was found to keep: a batch that touches them looks first, instead of waiting. */
  const locked = new Set<string>();
  return createBatcher({
    stage: 'reserve',
    slots: SLOTS,
    maxMembers: MAX_CALLS,
    maxWeight: MAX_LINES,
    ...limits,
    async run(calls) {
      // All reservations of a call have the same cause.
      const causes = calls.map(([first]): Traced => first?.cause ?? {});
      const span = tracing?.startBatch('hold reservations', causes);
      const results = await isolatingFailures(
        calls,
        (some) => holdCalls(deps, locked, some),
        (error) => databaseFault(error) !== undefined,
      );
      span?.end();
      return results;
    },
    metrics,
  });
}

async function holdCalls(
  deps: HoldDeps,
  locked: Set<string>,
  calls: readonly (readonly HoldCommand[])[],
): Promise<HoldResult[][]> {
  const results = (await holdReservations(deps, locked, calls.flat())).values();
  return calls.map((call) => call.map(() => results.next().value as HoldResult));
}

/**
 * Hold each, all or nothing over its lines, in the order given. Asking again for an id changes nothing. Those that touch
 * a row which another transaction keeps are left undecided.
 */
async function holdReservations(
  deps: HoldDeps,
  locked: Set<string>,
  commands: readonly HoldCommand[],
): Promise<HoldResult[]> {
  const known = skusOf(commands).filter((sku) => locked.has(sku));
  if (known.length > 0) await noteLocked(deps.pool, locked, known);
  try {
    return await holdBeside(deps, locked, commands);
  } catch (error) {
    if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
    await noteLocked(deps.pool, locked, skusOf(commands));
    return holdBeside(deps, locked, commands);
  }
}

/** Find out which of these rows are locked, and remember it. */
async function noteLocked(pool: Pool, locked: Set<string>, skus: readonly string[]): Promise<void> {
  const found = await findLockedLevels(pool, skus);
  for (const sku of skus) locked.delete(sku);
  // Forgetting costs a wait, and one transaction may keep any number of rows.
  if (locked.size + found.length > MAX_LOCKED) locked.clear();
  for (const sku of found) locked.add(sku);
}

async function holdBeside(
  deps: HoldDeps,
  locked: ReadonlySet<string>,
  commands: readonly HoldCommand[],
): Promise<HoldResult[]> {
  const touching = locked.size === 0 ? [] : commands.filter(({ lines }) => lines.some(({ sku }) => locked.has(sku)));
  // By id: what is asked twice is decided together.
  const undecided = new Set(touching.map(({ id }) => id));
  const decided = commands.filter(({ id }) => !undecided.has(id));
  const outcomes = (decided.length > 0 ? await holdAll(deps, decided) : []).values();
  return commands.map(({ id }) => (undecided.has(id) ? { kind: 'undecided' } : (outcomes.next().value as HoldOutcome)));
}

async function holdAll({ pool, now }: HoldDeps, commands: readonly HoldCommand[]): Promise<HoldOutcome[]> {
  if (await holdAllAtOnce(pool, commands)) return commands.map(() => ({ kind: 'held' }));
  return (await changeReservations(pool, commands, now())) as HoldOutcome[];
}

async function holdAllAtOnce(pool: Pool, commands: readonly HoldCommand[]): Promise<boolean> {
  if (new Set(commands.map(({ id }) => id)).size < commands.length) return false;
  const demand = mergeLines(commands.flatMap(({ lines }) => lines));
  try {
    return await retryingDeadlocks(() => holdIfAmple(pool, commands, demand));
  } catch (error) {
    if (isReservationTaken(error)) return false;
    throw error;
  }
}

function skusOf(commands: readonly HoldCommand[]): string[] {
  return [...new Set(commands.flatMap(({ lines }) => lines.map(({ sku }) => sku)))];
}
