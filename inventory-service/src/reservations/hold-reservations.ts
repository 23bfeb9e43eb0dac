/**
 * The hot path: calls that arrive together hold their stock together. Where everything fits and every id is new, that is
 * one statement; otherwise its slow path is the transaction that messages use too.
 */

import { type Batcher, createBatcher, isolatingFailures } from '@shop/chassis/batching/batcher.ts';
import { isUnavailable } from '@shop/chassis/db/faults.ts';
import type { Pool } from '@shop/chassis/db/pool.ts';
import { retryingDeadlocks, sqlState } from '@shop/chassis/db/transaction.ts';
import type { Metrics } from '@shop/chassis/telemetry/metrics.ts';
import type { Traced, Tracing } from '@shop/chassis/telemetry/tracing.ts';
import { changeReservations } from './change-reservations.ts';
import type { ReservationCommand } from './decide.ts';
import { type HoldOutcome, mergeLines } from './reservation.ts';
import { holdIfAmple, isReservationTaken } from './reservations.sql.ts';

export type HoldCommand = ReservationCommand & { kind: 'hold' };

/** One call: its reservations, and an outcome for each, in their order. */
export type HoldBatcher = Batcher<readonly HoldCommand[], HoldOutcome[]>;

// Three batches in flight keep the database busy; more of them would only wait for each other's rows.
const SLOTS = 3;
const MAX_CALLS = 256;
// Bounds the time that a batch holds its locks.
const MAX_LINES = 4_000;
// Of the 1.5 s for which a caller waits; who joins a longer queue would only be refused later.
const MAX_WAIT_MS = 1_000;
const MAX_EXPECTED_WAIT_MS = 300;

export interface HoldBatcherDeps {
  pool: Pool;
  metrics: Metrics;
  tracing?: Tracing;
}

/** The batcher of `POST /reservations`. A call weighs as much as it has lines. */
export function createHoldBatcher({ pool, metrics, tracing }: HoldBatcherDeps): HoldBatcher {
  return createBatcher({
    stage: 'reserve',
    slots: SLOTS,
    maxMembers: MAX_CALLS,
    maxWeight: MAX_LINES,
    maxWaitMs: MAX_WAIT_MS,
    maxExpectedWaitMs: MAX_EXPECTED_WAIT_MS,
    async run(calls) {
      // All reservations of a call have the same cause.
      const causes = calls.map(([first]): Traced => first?.cause ?? {});
      const span = tracing?.startBatch('hold reservations', causes);
      const results = await isolatingFailures(calls, (some) => holdCalls(pool, some), concernsAll);
      span?.end();
      return results;
    },
    metrics,
  });
}

async function holdCalls(pool: Pool, calls: readonly (readonly HoldCommand[])[]): Promise<HoldOutcome[][]> {
  const outcomes = (await holdReservations(pool, calls.flat())).values();
  return calls.map((call) => call.map(() => outcomes.next().value as HoldOutcome));
}

/** Hold each, all or nothing over its lines, in the order given. Asking again for an id changes nothing. */
export async function holdReservations(pool: Pool, commands: readonly HoldCommand[]): Promise<HoldOutcome[]> {
  if (await holdAllAtOnce(pool, commands)) return commands.map(() => ({ kind: 'held' }));
  return (await changeReservations(pool, commands, new Date())) as HoldOutcome[];
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

/** Whether a failure says nothing of any member: the database is away, or somebody holds the rows for too long. */
function concernsAll(error: unknown): boolean {
  return isUnavailable(error) || ['55P03', '40001', '40P01'].includes(sqlState(error) ?? '');
}
