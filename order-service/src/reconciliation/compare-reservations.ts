/**
 * Every order against its reservation, by asking inventory-service page by page. Both sides are read in the order of
 * their ids, which are the same, and merged: one statement per page and side, and two pages in memory.
 *
 * A pair that differs is no mismatch yet:
 *
 *   1. What changed since the time of grace before the run is work under way.
 *   2. The others are looked at again, order, reservation, order: if the order is the same before and after, all of it
 *      was so at one instant, whatever the clocks of the processes say.
 *   3. An order that waits for the answer to its command waits rightly, until the command was repeated in vain.
 *
 * What is left cannot come from any order of messages: something was lost, or written by another hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@shop/chassis/db/pool.ts';
import type { Findings } from '@shop/chassis/reconciliation/run.ts';
import type { OrderId } from '../orders/order.ts';
import { type CommandSide, isForgotten, isRepairable, judge, type Pair, toMismatch } from './judge.ts';
import { lookAtOrders, type OrderLook, readOrderPage } from './reconciliation.sql.ts';
import { PAGE, type ReservationLook, type ReservationPages } from './reservation-pages.ts';
import { requestAgain, sendAgain } from './send-again.ts';

export interface CompareDeps {
  pool: Pool;
  reservations: ReservationPages;
  graceSeconds: number;
  now: () => Date;
  wakeRelay: () => void;
}

// Between two pages, so that a comparison of millions takes its time (two minutes for each) and not the services'.
const PAUSE_MS = 20;
// Sent with the step, then after 30 s, 90 s and 210 s: whatever is not answered after the fourth is not just slow.
const ASKS_UNDER_WAY = 3;
const SUSPECTS_AT_ONCE = 100;

/** Compare all orders with all reservations, and write lost commands again. */
export async function compareReservations(deps: CompareDeps, findings: Findings): Promise<void> {
  const settledSince = new Date(findings.startedAt.getTime() - deps.graceSeconds * 1000);
  let suspects: string[] = [];
  findings.count('underWay', 0);
  for await (const { id, order, reservation } of merge(orderLooks(deps, findings), reservationLooks(deps, findings))) {
    const pair = toPair(id, order, reservation);
    if (judge(pair) === 'agrees') continue;
    const isYoung = [order, reservation].some((side) => side !== undefined && side.updatedAt > settledSince);
    if (isYoung || judge(pair) === 'under-way') findings.count('underWay', 1);
    else suspects.push(id);
    if (suspects.length >= SUSPECTS_AT_ONCE) {
      await examine(deps, findings, suspects);
      suspects = [];
    }
  }
  await examine(deps, findings, suspects);
}

async function* orderLooks({ pool }: CompareDeps, findings: Findings): AsyncGenerator<OrderLook> {
  for (let after: OrderId | undefined, isLast = false; !isLast; ) {
    findings.signal.throwIfAborted();
    const page = await readOrderPage(pool, after, PAGE);
    findings.count('orders', page.length);
    yield* page;
    after = page.at(-1)?.id;
    isLast = page.length < PAGE;
    await sleep(PAUSE_MS);
  }
}

async function* reservationLooks(deps: CompareDeps, findings: Findings): AsyncGenerator<ReservationLook> {
  for (let cursor: string | undefined, isLast = false; !isLast; ) {
    const page = await deps.reservations.page(cursor, findings.signal);
    findings.count('reservations', page.items.length);
    yield* page.items;
    cursor = page.nextCursor;
    isLast = cursor === undefined;
  }
}

/** Two streams in the order of their ids as one; what is on one side only comes alone. */
export async function* merge<A extends { id: string }, B extends { id: string }>(
  orders: AsyncGenerator<A>,
  reservations: AsyncGenerator<B>,
): AsyncGenerator<{ id: string; order?: A; reservation?: B }> {
  let [left, right] = [await orders.next(), await reservations.next()];
  while (!left.done || !right.done) {
    if (right.done || (!left.done && left.value.id < right.value.id)) {
      yield { id: left.value.id, order: left.value };
      left = await orders.next();
    } else if (left.done || right.value.id < left.value.id) {
      yield { id: right.value.id, reservation: right.value };
      right = await reservations.next();
    } else {
      yield { id: left.value.id, order: left.value, reservation: right.value };
      [left, right] = [await orders.next(), await reservations.next()];
    }
  }
}

/** The second look at what differs; what still does is reported, and repaired where that is safe. */
async function examine(deps: CompareDeps, findings: Findings, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const before = await lookAtOrders(deps.pool, ids);
  const found = await deps.reservations.lookup(ids, findings.signal);
  const reservations = new Map(found.map((reservation) => [reservation.id, reservation]));
  const after = await lookAtOrders(deps.pool, ids);
  findings.signal.throwIfAborted();

  const pairs = ids.flatMap((id) => {
    const order = after.get(id);
    return isSame(before.get(id), order) ? [toPair(id, order, reservations.get(id))] : [];
  });
  findings.count('underWay', ids.length - pairs.length);
  const repaired = await repair(deps, pairs);
  for (const pair of pairs) {
    const kind = judge(pair);
    if (kind === 'under-way') findings.count('underWay', 1);
    else if (kind !== 'agrees') findings.report(toMismatch(pair, kind, repaired.has(pair.id)));
  }
}

/** Returns the ids of the orders for which a command was written. */
async function repair({ pool, now, wakeRelay }: CompareDeps, pairs: readonly Pair[]): Promise<Set<OrderId>> {
  const repairable = pairs.filter(isRepairable).map(({ id }) => id);
  const forgotten = pairs.filter(isForgotten).map(({ id }) => id);
  const repaired = new Set([
    ...(repairable.length > 0 ? await sendAgain(pool, repairable, now()) : []),
    ...(forgotten.length > 0 ? await requestAgain(pool, forgotten, now()) : []),
  ]);
  if (repaired.size > 0) wakeRelay();
  return repaired;
}

function isSame(before: OrderLook | undefined, after: OrderLook | undefined): boolean {
  return before?.version === after?.version && before?.awaiting === after?.awaiting;
}

function toPair(
  id: string,
  order: (OrderLook & { isUnsent?: boolean }) | undefined,
  reservation: ReservationLook | undefined,
): Pair {
  return {
    id,
    order: order?.status ?? 'unknown',
    reservation: reservation?.state ?? 'none',
    command: commandOf(order),
  };
}

function commandOf(order: (OrderLook & { isUnsent?: boolean }) | undefined): CommandSide {
  if (!order?.awaiting) return 'none';
  return order.isUnsent || order.asks <= ASKS_UNDER_WAY ? 'under-way' : 'unanswered';
}
