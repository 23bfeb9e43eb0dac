/**
 * The hot path: concurrent calls are handled in one batch. If there is enough stock and every id is new, the batch is one
 * statement; otherwise it takes the slow path, the transaction that messages use too.
 *
 * A row locked by another transaction (a report, a manual correction) must not block orders of other products. The first batch
 * that needs it waits until the lock timeout, then finds out which rows are locked and decides all reservations that do not need
 * them. After that, such batches check the locks first and do not wait, until the row is unlocked.
 */

import type { Pool } from '@shop/chassis/base/db/pool.ts';
import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import type { Traced, Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import { type Batcher, createBatcher, isolatingFailures } from '@shop/chassis/reliable/batching/batcher.ts';
import { databaseFault } from '@shop/chassis/reliable/postgres/faults.ts';
import { retryingDeadlocks, sqlState } from '@shop/chassis/reliable/postgres/transaction.ts';
import { findLockedLevels } from '../stock/stock.sql.ts';
import { changeReservations } from './change-reservations.ts';
import type { ReservationCommand } from './decide.ts';
import { type HoldOutcome, type HoldResult, mergeLines } from './reservation.ts';
import { holdIfAmple, isReservationTaken } from './reservations.sql.ts';

export type HoldCommand = ReservationCommand & { kind: 'hold' };

/** One call: its reservations, and one outcome per reservation, in their order. */
export type HoldBatcher = Batcher<readonly HoldCommand[], HoldResult[]>;

// Three concurrent batches keep the database busy; more would only wait for each other's rows.
const SLOTS = 3;
const MAX_CALLS = 256;
// Limits the time that a batch holds its locks.
const MAX_LINES = 4_000;
const MAX_LOCKED = 10_000;
const LOCK_NOT_AVAILABLE = '55P03';

type HoldDeps = Pick<HoldBatcherDeps, 'pool' | 'now'>;

export interface HoldBatcherDeps {
  pool: Pool;
  metrics: Metrics;
  now: () => Date;
  tracing?: Tracing;
}

/**
 * The batcher of `POST /reservations`. The weight of a call is its number of lines. The queue needs no limit besides the
 * deadlines of its members, because each process of order-service has at most three calls under way.
 */
export function createHoldBatcher(deps: HoldBatcherDeps): HoldBatcher {
  const { metrics, tracing } = deps;
  /** SKUs whose rows were found locked: a batch that needs one checks the locks first instead of waiting. */
  const locked = new Set<string>();
  return createBatcher({
    stage: 'reserve',
    slots: SLOTS,
    maxMembers: MAX_CALLS,
    maxWeight: MAX_LINES,
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
 * Hold each reservation, all of its lines or none, in the given order. A known id changes nothing. Reservations that need a row
 * locked by another transaction stay undecided.
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

/** Find out which of these rows are locked, and remember them. */
async function noteLocked(pool: Pool, locked: Set<string>, skus: readonly string[]): Promise<void> {
  const found = await findLockedLevels(pool, skus);
  for (const sku of skus) locked.delete(sku);
  // Bounded, because one transaction may lock any number of rows. Forgetting one only costs a wait.
  if (locked.size + found.length > MAX_LOCKED) locked.clear();
  for (const sku of found) locked.add(sku);
}

async function holdBeside(
  deps: HoldDeps,
  locked: ReadonlySet<string>,
  commands: readonly HoldCommand[],
): Promise<HoldResult[]> {
  const touching = locked.size === 0 ? [] : commands.filter(({ lines }) => lines.some(({ sku }) => locked.has(sku)));
  // By id, so that repeated requests are decided together.
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
