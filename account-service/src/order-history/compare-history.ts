/**
 * Compares the history with the orders, by digests in 256 buckets, each side from one snapshot. What is in buckets that differ is
 * read from both sides, and what differs there is read again after the grace period: an order that has changed meanwhile, or whose
 * event was handled meanwhile, is work in progress. What remains was lost, or changed by hand, and is written again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { readDigests, readStates, type State } from '@shop/chassis/operations/reconciliation/digests.ts';
import { ComparisonError, type Findings, type Mismatch } from '@shop/chassis/operations/reconciliation/run.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { findStates, historyStates, removeRows, writeOrders } from './order-history.sql.ts';
import { LOOKUP_MAX, type OrderSource, OrdersUnavailableError } from './order-source.ts';
import type { ShopperOrder } from './shopper-order.ts';

export interface CompareDeps {
  pool: Pool;
  orders: Pick<OrderSource, 'digests' | 'states' | 'lookup'>;
  graceSeconds: number;
}

/** All kinds of mismatch between an order and its row. */
export const mismatchKinds = ['history-missing', 'history-behind', 'history-ahead', 'history-unknown'] as const;
type MismatchKind = (typeof mismatchKinds)[number];

/** An order and its row, of which one may be missing. */
interface Pair {
  id: string;
  order?: State;
  row?: State;
}

// A history that is empty differs everywhere. Pairs that wait for their second look are kept in memory.
const WAITING_AT_MOST = 50_000;

/** Compare, report what differs, and write it again. */
export async function compareHistory(deps: CompareDeps, findings: Findings): Promise<void> {
  try {
    await compare(deps, findings);
  } catch (error) {
    findings.signal.throwIfAborted();
    if (!(error instanceof OrdersUnavailableError)) throw error;
    throw new ComparisonError('order-service did not answer.', { cause: error });
  }
}

async function compare(deps: CompareDeps, findings: Findings): Promise<void> {
  const { pool, orders } = deps;
  const theirs = await orders.digests(findings.signal);
  const ours = await readDigests(pool, historyStates);
  const differing = theirs.flatMap((digest, bucket) => (digest === ours[bucket] ? [] : [bucket]));
  findings.count(
    'orders',
    theirs.map((digest) => Number.parseInt(digest, 10)).reduce((sum, count) => sum + count, 0),
  );
  findings.count('differingBuckets', differing.length);
  findings.count('underWay', 0);
  if (differing.length === 0) return;
  let waiting: Pair[] = [];
  for await (const pair of pairsIn(deps, findings, differing)) {
    if (isSame(pair.order, pair.row)) continue;
    waiting.push(pair);
    if (waiting.length < WAITING_AT_MOST) continue;
    await concludeLater(deps, findings, waiting);
    waiting = [];
  }
  await concludeLater(deps, findings, waiting);
}

/** The orders and rows in these buckets, merged by id. */
async function* pairsIn({ pool, orders }: CompareDeps, findings: Findings, buckets: number[]): AsyncGenerator<Pair> {
  const { signal } = findings;
  const left = flat((after) => orders.states(buckets, after, signal));
  const right = flat((after) => {
    signal.throwIfAborted();
    return readStates(pool, historyStates, { buckets, after });
  });
  let [order, row] = [await left.next(), await right.next()];
  while (!order.done || !row.done) {
    const isOrder = !order.done && (row.done || order.value.id <= row.value.id);
    const isRow = !row.done && (order.done || row.value.id <= order.value.id);
    const id = isOrder ? order.value?.id : row.value?.id;
    yield { id: id as string, ...(isOrder && { order: order.value }), ...(isRow && { row: row.value }) } as Pair;
    if (isOrder) order = await left.next();
    if (isRow) row = await right.next();
  }
}

async function* flat(
  read: (after: string | undefined) => Promise<{ items: State[]; next?: string }>,
): AsyncGenerator<State, undefined> {
  let after: string | undefined;
  do {
    const { items, next } = await read(after);
    yield* items;
    after = next;
  } while (after !== undefined);
  return undefined;
}

/** The second look, after the grace period. */
async function concludeLater(deps: CompareDeps, findings: Findings, pairs: readonly Pair[]): Promise<void> {
  const { signal } = findings;
  if (pairs.length === 0) return;
  await sleep(deps.graceSeconds * 1_000, undefined, { signal }).catch(() => signal.throwIfAborted());
  for (let from = 0; from < pairs.length; from += LOOKUP_MAX) {
    signal.throwIfAborted();
    await conclude(deps, findings, pairs.slice(from, from + LOOKUP_MAX));
  }
}

async function conclude({ pool, orders }: CompareDeps, findings: Findings, before: readonly Pair[]): Promise<void> {
  const ids = before.map(({ id }) => id);
  // The rows first: an event that is handled between the two reads makes the order newer, not the row.
  const rows = await findStates(pool, ids);
  const found = new Map((await orders.lookup(ids)).map((order) => [order.id, order]));
  const differing = before.flatMap((pair) => {
    const [order, row] = [found.get(pair.id), rows.get(pair.id)];
    if (isSame(order, row)) return [];
    const isStable = isSame(order, pair.order) && isSame(row, pair.row);
    if (!isStable) findings.count('underWay', 1);
    return isStable ? [{ id: pair.id, order, row }] : [];
  });
  await repair(pool, differing);
  for (const { id, order, row } of differing) findings.report(toMismatch(id, order, row));
}

/** Remove what is ahead or unknown, and write the orders as everything else does. */
async function repair(pool: Pool, pairs: readonly { order?: ShopperOrder; row?: State }[]): Promise<void> {
  if (pairs.length === 0) return;
  const wrong = pairs.flatMap(({ order, row }) => (row && row.version >= (order?.version ?? 0) ? [row] : []));
  await inTransaction(pool, async (trx) => {
    await removeRows(trx, wrong.toSorted(orderBy(({ id }) => id)));
    await writeOrders(
      trx,
      pairs.flatMap(({ order }) => order ?? []),
    );
  });
}

function isSame(left: Omit<State, 'id'> | undefined, right: Omit<State, 'id'> | undefined): boolean {
  return left?.version === right?.version && left?.status === right?.status;
}

function kindOf(order: Omit<State, 'id'> | undefined, row: State | undefined): MismatchKind {
  if (!order) return 'history-unknown';
  if (!row) return 'history-missing';
  return row.version < order.version ? 'history-behind' : 'history-ahead';
}

const BECAUSE: Record<MismatchKind, string> = {
  'history-missing': 'Its events were lost.',
  'history-behind': 'Its last events were lost.',
  'history-ahead': 'The database of order-service may have been restored to an earlier time.',
  'history-unknown': 'There is no such order. The database of order-service may have been restored to an earlier time.',
};

function toMismatch(id: string, order: Omit<State, 'id'> | undefined, row: State | undefined): Mismatch {
  const kind = kindOf(order, row);
  return {
    kind,
    subject: id,
    expected: nameOf(order),
    found: nameOf(row),
    because: BECAUSE[kind],
    proposal: order ? 'None needed: the order was read again.' : 'None needed: it was removed from the history.',
    repaired: true,
  };
}

function nameOf(state: Omit<State, 'id'> | undefined): string {
  return state ? `${state.status}, version ${state.version}` : 'none';
}
