/**
 * What is asked of reservations, decided and written in one transaction. The order of the locks is the same for every
 * writer, so that they queue instead of deadlocking:
 *
 *   1. the SKUs: those of the commands, and of the lines of the reservations that shall end (lines never change)
 *   2. their stock levels are locked, in the order of SKU
 *   3. only then the reservations are read: a new snapshot, in which nobody's change of them can be missing, for a held
 *      one changes only under the locks of its SKUs, and the others never change
 *   4. decided in pure code, and written: inserts in the order of id
 *
 * An id that was unknown in 3 may be taken by somebody with other SKUs before 4 (the primary key says so), and one that
 * was unknown in 1 may be held in 3 (its levels are not locked). Both are rare; then everything starts again.
 */

import type { Pool, Transaction } from '@shop/chassis/base/db/pool.ts';
import { stockDepletedV1 } from '@shop/chassis/contract/messages/inventory-service.ts';
import { addToOutbox, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { lockStockLevels } from '../stock/stock.sql.ts';
import { type Changes, decide, type Outcome, type ReservationCommand, UnlockedStockError } from './decide.ts';
import { findReservations, findReservedSkus, isReservationTaken, saveChanges } from './reservations.sql.ts';

// Each attempt loses to a transaction that has committed; more than a few in a row mean that something else is wrong.
const ATTEMPTS = 5;

/** In a transaction of its own. */
export async function changeReservations(
  pool: Pool,
  commands: readonly ReservationCommand[],
  now: Date,
): Promise<Outcome[]> {
  return retryingRaces(() => inTransaction(pool, (trx) => changeOnce(trx, commands, now)));
}

/** Inside a transaction that has more to commit: a message's. */
export async function changeReservationsWithin(
  trx: Transaction,
  commands: readonly ReservationCommand[],
  now: Date,
): Promise<Outcome[]> {
  return retryingRaces(async () => {
    await trx.query('SAVEPOINT reservations');
    try {
      return await changeOnce(trx, commands, now);
    } catch (error) {
      if (isLostRace(error)) await trx.query('ROLLBACK TO SAVEPOINT reservations');
      throw error;
    }
  });
}

async function changeOnce(trx: Transaction, commands: readonly ReservationCommand[], now: Date): Promise<Outcome[]> {
  const levels = await lockStockLevels(trx, await involvedSkus(trx, commands));
  const reservations = await findReservations(trx, [...new Set(commands.map(({ id }) => id))]);
  const changes = decide(commands, levels, reservations);
  await saveChanges(trx, changes);
  await addToOutbox(trx, tellDepletions(changes, now));
  return changes.outcomes;
}

async function involvedSkus(trx: Transaction, commands: readonly ReservationCommand[]): Promise<string[]> {
  const asked = commands.flatMap((command) => (command.kind === 'hold' ? command.lines.map(({ sku }) => sku) : []));
  const ending = commands.flatMap((command) => (command.kind === 'hold' ? [] : command.id));
  return [...new Set([...asked, ...(await findReservedSkus(trx, ending))])];
}

function tellDepletions({ depletions }: Changes, now: Date) {
  return depletions.map(({ level: { sku, onHand, reserved }, cause }) =>
    toOutboxRow(
      stockDepletedV1,
      { sku, onHand, reserved, depletedAt: now.toISOString() },
      { ...cause, occurredAt: now },
    ),
  );
}

async function retryingRaces<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLostRace(error) || attempt >= ATTEMPTS) throw error;
    }
  }
}

function isLostRace(error: unknown): boolean {
  return error instanceof UnlockedStockError || isReservationTaken(error);
}
