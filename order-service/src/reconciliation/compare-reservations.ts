/**
 * Compares every order with its reservation, which it reads from inventory-service page by page. Both sides are read in the
 * order of their ids, which are the same, and merged: one statement per page and side, and two pages in memory.
 *
 * Unless the run is full, it starts at the horizon. Behind it, only orders are checked that may still change or that differ: a
 * final order that agrees does not change, except by a restore or a manual change.
 *
 * A pair that differs is not a mismatch yet:
 *
 *   1. It is read again: order, reservation, order. If the order is the same before and after, both sides were read at the same
 *      instant, independently of the clocks of the processes.
 *   2. If the order waits for the reply to a command, the difference is expected, until the command was repeated without success.
 *   3. If it still differs, it is read once more after the grace period, measured by the clock of this process alone. If it has
 *      changed in between, it is work in progress.
 *
 * The remaining differences cannot result from any order of messages: something was lost, or changed manually.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import type { Findings } from '@shop/chassis/operations/reconciliation/run.ts';
import type { OrderId } from '../orders/order.ts';
import { BEFORE_ALL, horizonAt, keepOpen, openBehind, readHorizon, removeClosed, saveHorizon } from './horizon.sql.ts';
import { type CommandSide, isClosed, isForgotten, isRepairable, judge, type Pair, toMismatch } from './judge.ts';
import { lookAtOrders, type OrderLook, readOrderPage } from './reconciliation.sql.ts';
import { PAGE, type PageFrom, type ReservationLook, type ReservationPages } from './reservation-pages.ts';
import { requestAgain, sendAgain } from './send-again.ts';

export interface CompareDeps {
  pool: Pool;
  reservations: ReservationPages;
  graceSeconds: number;
  now: () => Date;
  wakeRelay: () => void;
}

// Pause between two pages, so that a comparison of millions (two minutes for each million) does not load the services.
const PAUSE_MS = 20;
// Sent with the step, then after 30 s, 90 s and 210 s: after the fourth time, a missing reply is not just late.
const ASKS_UNDER_WAY = 3;
const SUSPECTS_AT_ONCE = 100;
// One bug can affect every order. Pairs that wait for their third check are kept in memory, at most about 20 MB.
const WAITING_AT_MOST = 100_000;

/** An order and its reservation, of which one may be missing. */
interface Looks {
  id: string;
  order?: OrderLook & { isUnsent?: boolean };
  reservation?: ReservationLook;
}

/** A pair that differs. */
interface Difference {
  pair: Pair;
  /** Must be unchanged at the next check. */
  state: string;
  /** By `performance.now()`. */
  since: number;
}

/** Compare orders with their reservations, and send lost commands again. */
export async function compareReservations(deps: CompareDeps, findings: Findings): Promise<void> {
  const horizon = findings.isFull ? undefined : await readHorizon(deps.pool);
  const next = horizonAt(findings.startedAt);
  const waiting: Difference[] = [];
  let suspects: string[] = [];
  let open: string[] = [];
  findings.count('underWay', 0);

  async function examineSuspects(): Promise<void> {
    const differences = await lookAgain(deps, findings, suspects);
    suspects = [];
    if (deps.graceSeconds === 0) return conclude(deps, findings, differences);
    waiting.push(...differences);
    if (waiting.length >= WAITING_AT_MOST) await examineWaiting();
  }
  async function examineWaiting(): Promise<void> {
    await concludeLater(deps, findings, waiting.splice(0, SUSPECTS_AT_ONCE));
  }
  async function flushOpen(): Promise<void> {
    await keepOpen(deps.pool, open);
    open = [];
  }

  const fresh = merge(orderLooks(deps, findings, horizon), reservationLooks(deps, findings, horizon));
  for await (const looks of fresh) {
    const pair = toPair(looks);
    if (looks.id <= next && !isClosed(pair)) open.push(looks.id);
    if (open.length >= PAGE) await flushOpen();
    if (isSuspect(findings, pair)) suspects.push(looks.id);
    if (suspects.length >= SUSPECTS_AT_ONCE) await examineSuspects();
  }
  await flushOpen();
  for await (const page of openPages(deps, findings, horizon)) {
    const pairs = page.map(toPair);
    await removeClosed(
      deps.pool,
      pairs.filter(isClosed).map(({ id }) => id),
    );
    suspects.push(...pairs.filter((pair) => isSuspect(findings, pair)).map(({ id }) => id));
    if (suspects.length >= SUSPECTS_AT_ONCE) await examineSuspects();
  }
  await examineSuspects();
  while (waiting.length > 0) await examineWaiting();
  findings.atEnd((trx) => saveHorizon(trx, next, findings.isFull ? findings.startedAt : undefined));
}

function isSuspect(findings: Findings, pair: Pair): boolean {
  const verdict = judge(pair);
  if (verdict === 'under-way') findings.count('underWay', 1);
  return verdict !== 'agrees' && verdict !== 'under-way';
}

async function* orderLooks(
  { pool }: CompareDeps,
  findings: Findings,
  horizon: OrderId | undefined,
): AsyncGenerator<OrderLook> {
  for (let after = horizon, isLast = false; !isLast; ) {
    findings.signal.throwIfAborted();
    const page = await readOrderPage(pool, after ?? BEFORE_ALL, PAGE);
    findings.count('orders', page.length);
    yield* page;
    after = page.at(-1)?.id;
    isLast = page.length < PAGE;
    await sleep(PAUSE_MS);
  }
}

async function* reservationLooks(
  deps: CompareDeps,
  findings: Findings,
  horizon: OrderId | undefined,
): AsyncGenerator<ReservationLook> {
  for (let from: PageFrom = { after: horizon }, isLast = false; !isLast; ) {
    const page = await deps.reservations.page(from, findings.signal);
    findings.count('reservations', page.items.length);
    yield* page.items;
    from = { cursor: page.nextCursor };
    isLast = page.nextCursor === undefined;
  }
}

/** Compare the orders behind the horizon that may still change or that differ. */
async function* openPages(
  deps: CompareDeps,
  findings: Findings,
  horizon: OrderId | undefined,
): AsyncGenerator<Looks[]> {
  if (horizon === undefined) return;
  for (let after = BEFORE_ALL, isLast = false; !isLast; ) {
    findings.signal.throwIfAborted();
    const ids = await openBehind(deps.pool, { horizon, after, limit: PAGE });
    if (ids.length === 0) return;
    const orders = await lookAtOrders(deps.pool, ids);
    const reservations = await lookAtReservations(deps, findings, ids);
    findings.count('orders', orders.size);
    findings.count('reservations', reservations.size);
    yield ids.map((id) => ({ id, order: orders.get(id), reservation: reservations.get(id) }));
    after = ids.at(-1) ?? after;
    isLast = ids.length < PAGE;
    await sleep(PAUSE_MS);
  }
}

async function lookAtReservations(
  deps: CompareDeps,
  findings: Findings,
  ids: readonly string[],
): Promise<Map<string, ReservationLook>> {
  const found = await deps.reservations.lookup(ids, findings.signal);
  return new Map(found.map((reservation) => [reservation.id, reservation]));
}

/** Merge two streams sorted by id; an item without a counterpart is returned alone. */
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

/** Of these pairs, those that differ when read at the same instant. */
async function lookAgain(deps: CompareDeps, findings: Findings, ids: readonly string[]): Promise<Difference[]> {
  if (ids.length === 0) return [];
  const before = await lookAtOrders(deps.pool, ids);
  const reservations = await lookAtReservations(deps, findings, ids);
  const after = await lookAtOrders(deps.pool, ids);
  findings.signal.throwIfAborted();
  const since = performance.now();
  return ids.flatMap((id) => {
    const order = after.get(id);
    const pair = toPair({ id, order, reservation: reservations.get(id) });
    if (!isSame(before.get(id), order)) {
      findings.count('underWay', 1);
      return [];
    }
    if (!isSuspect(findings, pair)) return [];
    return [{ pair, since, state: `${order?.version} ${order?.awaiting} ${pair.reservation}` }];
  });
}

/** The third check, after the grace period. */
async function concludeLater(deps: CompareDeps, findings: Findings, differences: readonly Difference[]): Promise<void> {
  const due = Math.max(...differences.map(({ since }) => since)) + deps.graceSeconds * 1000;
  const { signal } = findings;
  await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => signal.throwIfAborted());
  const earlier = new Map(differences.map(({ pair, state }) => [pair.id, state]));
  const still = await lookAgain(deps, findings, [...earlier.keys()]);
  const unchanged = still.filter(({ pair, state }) => earlier.get(pair.id) === state);
  findings.count('underWay', still.length - unchanged.length);
  await conclude(deps, findings, unchanged);
}

/** Report mismatches, and repair what can safely be repaired. */
async function conclude(deps: CompareDeps, findings: Findings, differences: readonly Difference[]): Promise<void> {
  const repaired = await repair(
    deps,
    differences.map(({ pair }) => pair),
  );
  for (const { pair } of differences) {
    const kind = judge(pair);
    if (kind !== 'agrees' && kind !== 'under-way') findings.report(toMismatch(pair, kind, repaired.has(pair.id)));
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

function toPair({ id, order, reservation }: Looks): Pair {
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
