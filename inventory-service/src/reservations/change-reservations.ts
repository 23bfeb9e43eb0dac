/**
 * Decides and writes changes of reservations in one transaction. Every writer takes its locks in the same order, so that writers
 * wait instead of deadlocking:
 *
 *   1. collect the SKUs of the commands, and of the lines of the reservations to end (lines never change)
 *   2. lock their stock levels, in SKU order
 *   3. only then read the reservations: the new snapshot includes all changes, because a held reservation changes only under the
 *      locks of its SKUs, and the others never change
 *   4. decide in pure code and write, with inserts in id order
 *
 * An id that was unknown in 3 may be inserted by another transaction with other SKUs before 4 (a primary key violation), and an
 * id that was unknown in 1 may be held in 3 (its levels are not locked). Both are rare; then everything is retried.
 */

import type { Pool, Transaction } from '@shop/chassis/base/db/pool.ts';
import { stockDepletedV1 } from '@shop/chassis/contract/messages/inventory-service.ts';
import { addToOutbox, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { lockStockLevels } from '../stock/stock.sql.ts';
import { type Changes, decide, type Outcome, type ReservationCommand, UnlockedStockError } from './decide.ts';
import { findReservations, findReservedSkus, isReservationTaken, saveChanges } from './reservations.sql.ts';

// Each retry is caused by a committed transaction; more than a few in a row mean that there is another problem.
const ATTEMPTS = 5;

/** Change reservations in a transaction of its own. */
export async function changeReservations(
  pool: Pool,
  commands: readonly ReservationCommand[],
  now: Date,
): Promise<Outcome[]> {
  return retryingRaces(() => inTransaction(pool, (trx) => changeOnce(trx, commands, now)));
}

/** Change reservations in an existing transaction, such as that of a message. */
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
