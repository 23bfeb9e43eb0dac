/**
 * Placing orders, a batch at a time. Each phase is one statement or one call for all members:
 *
 *   A      claim the keys and write the orders `pending`                        (order-db)
 *   judge  for keys that were taken: replay, 409, 422, 202, or take over
 *   hop    ask inventory-service to hold the stock of those that are ours
 *   B      settle them, or queue the question when the hop's outcome is unknown (order-db)
 *   reread for those on which B had no effect: somebody else settled them, and stored the answer
 *
 * If the process dies after A, the completer finds the order; wherever it dies, a repeat of the request finds the key.
 */
import { isolatingFailures } from '@shop/chassis/batching/batcher.ts';
import { isUnavailable } from '@shop/chassis/db/faults.ts';
import type { Pool } from '@shop/chassis/db/pool.ts';
import { type Reply, unavailable } from '@shop/chassis/http/problem.ts';
import type { Fingerprint } from '@shop/chassis/idempotency/fingerprint.ts';
import { keyReused, requestInProgress, toStoredReply } from '@shop/chassis/idempotency/idempotently.ts';
import type { Logger } from '@shop/chassis/telemetry/log.ts';
import type { Tracing } from '@shop/chassis/telemetry/tracing.ts';
import type { OrderMetrics } from '../metrics.ts';
import type { ReservationClient, ReservationResult } from '../reservations/reservation-client.ts';
import { acceptedAnswer, finalAnswer } from './answers.ts';
import { type Decision, type Order, settle } from './order.ts';
import { demandOf } from './order-lines.ts';
import { orderEvent, reservationCommand } from './order-messages.ts';
import { applyTransitions, findOrderByKey, findOrders, isOrderOfKeyKnown, readTimeline } from './orders.sql.ts';
import {
  giveBackLeases,
  insertPlacements,
  type KeyRow,
  NUMBER_PLACEHOLDER,
  queueReservations,
  readClaims,
  takeOver,
} from './placement.sql.ts';

/** A request to place an order, on its way through the phases. */
export interface Placement {
  /** As it will be written; its number comes with A. */
  order: Order;
  key: string;
  fingerprint: Fingerprint;
  correlationId: string;
  traceparent: string;
  /** Time of `performance.now()` by which the client must have its answer. */
  deadline: number;
  /** Told when a batch has taken it: until then nothing was done. */
  onBegun: () => void;
  /** Told as soon as it is known whether the key is this request's: those that it is not need not wait for the hop. */
  onJudged: (judgement: PromiseSettledResult<Judgement>) => void;
}

export interface PlacementAnswer {
  reply: Reply;
  result: 'executed' | 'replayed' | 'taken_over';
}

export interface PlacementDeps {
  pool: Pool;
  reservations: ReservationClient;
  metrics: OrderMetrics;
  log: Logger;
  tracing?: Tracing;
  now: () => Date;
  /** Tell the relay that there is something to send. */
  wakeRelay: () => void;
  reservationTimeoutMs: number;
}

// What remains for B and the answer when the hop has used all of its time.
const RESERVE_FOR_B_MS = 400;

/** A placement whose key is ours, and the token that proves it. */
export interface Claimed {
  placement: Placement;
  order: Order;
  token: number;
  result: 'executed' | 'taken_over';
}

/** What the key says: it is ours and the order is durable, or there is an answer already. */
export type Judgement = { kind: 'claimed'; claimed: Claimed } | { kind: 'answered'; answer: PlacementAnswer };
type Settled<T> = PromiseSettledResult<T>;

/** Place a batch of orders; one result per member, in order. */
export async function placeOrders(
  deps: PlacementDeps,
  placements: readonly Placement[],
): Promise<Settled<PlacementAnswer>[]> {
  for (const placement of placements) placement.onBegun();
  const { tracing } = deps;
  const batch = tracing?.startBatch('place orders', placements);
  const spanOfA = tracing?.start('place orders: A', { parent: batch?.traceparent });
  const judgements = await claim(deps, placements);
  spanOfA?.end();
  const claimed = judgements.flatMap((judgement) =>
    judgement.status === 'fulfilled' && judgement.value.kind === 'claimed' ? [judgement.value.claimed] : [],
  );
  for (const [index, placement] of placements.entries()) {
    const judgement = judgements[index];
    if (judgement) placement.onJudged(judgement);
  }
  const answers = await reserveAndSettle(deps, claimed, batch?.traceparent);
  batch?.end();
  deps.wakeRelay();
  return judgements.map((judgement): Settled<PlacementAnswer> => {
    if (judgement.status === 'rejected') return judgement;
    if (judgement.value.kind === 'answered') return { status: 'fulfilled', value: judgement.value.answer };
    return answers.get(judgement.value.claimed) ?? rejected(new Error('a claimed placement got no answer'));
  });
}

/* ------------------------------------------------------------------------------------------------ A and its losers */

async function claim(deps: PlacementDeps, placements: readonly Placement[]): Promise<Settled<Judgement>[]> {
  const inserted = await surely(placements, (members) => insertMembers(deps.pool, members));
  const losers = placements.filter((_, index) => {
    const result = inserted[index];
    return result?.status === 'fulfilled' && result.value === undefined;
  });
  const judged = await judgeLosers(deps, losers);
  return Promise.all(
    placements.map(async (placement, index): Promise<Settled<Judgement>> => {
      const result = inserted[index];
      if (result?.status === 'fulfilled' && result.value) return fulfilled(claimedBy(placement, result.value));
      if (result?.status === 'fulfilled') return judged.get(placement) ?? rejected(requestInProgress());
      if (isOrderOfKeyKnown(result?.reason)) return settling(rebuildAnswer(deps, placement));
      return result ?? rejected(new Error('a placement got no result'));
    }),
  );
}

/** A. The order as written for each member, or undefined where the key was taken. */
async function insertMembers(pool: Pool, members: readonly Placement[]): Promise<(Order | undefined)[]> {
  // One by one, each may wait for a lock; a batch must not go on with that when nobody waits for its answers any more.
  if (members.every(({ deadline }) => deadline <= performance.now())) throw unavailable();
  const numbers = await insertPlacements(
    pool,
    members.map((placement) => ({
      ...placement,
      answeredInMs: answeredInMs(placement),
      placed: orderEvent(
        { ...placement.order, number: NUMBER_PLACEHOLDER },
        { correlationId: placement.correlationId, traceparent: placement.traceparent },
      ),
    })),
  );
  return members.map(({ order }) => {
    const number = numbers.get(order.id);
    return number === undefined ? undefined : { ...order, number };
  });
}

/**
 * The time that is left until the request is answered by its time limit. A little less, for a client that repeats it at once
 * must not be quicker than the statement is on its way.
 */
function answeredInMs({ deadline }: Placement): number {
  return Math.max(0, Math.floor(deadline - performance.now() - 200));
}

function claimedBy(placement: Placement, order: Order): Judgement {
  return { kind: 'claimed', claimed: { placement, order, token: 1, result: 'executed' } };
}

/** What a taken key means for those that lost it. The lookup is a statement of its own: A's snapshot is too old. */
async function judgeLosers(
  deps: PlacementDeps,
  losers: readonly Placement[],
): Promise<Map<Placement, Settled<Judgement>>> {
  if (losers.length === 0) return new Map();
  const rows = await settling(
    readClaims(
      deps.pool,
      losers.map((placement) => ({ clientId: placement.order.clientId, key: placement.key })),
    ),
  );
  // A look that fails is theirs alone: the winners of the batch hold leases, and go on.
  if (rows.status === 'rejected') return new Map(losers.map((placement) => [placement, rows]));
  const judged = await Promise.all(
    losers.map(async (placement, index) => {
      return [placement, await settling(judgeLoser(deps, placement, rows.value[index]))] as const;
    }),
  );
  return new Map(judged);
}

async function judgeLoser(deps: PlacementDeps, placement: Placement, row: KeyRow | undefined): Promise<Judgement> {
  // Reaped between the two statements; the order is still there.
  if (!row) return rebuildAnswer(deps, placement);
  if (!placement.fingerprint.matches(row.fingerprint)) throw keyReused();
  const stored = toStoredReply(row);
  if (stored) return { kind: 'answered', answer: { reply: stored, result: 'replayed' } };
  if (row.resourceId === undefined) throw requestInProgress();
  if (row.state === 'accepted') return acceptedAgain(deps, placement, row.resourceId);
  // Our own row: A was committed although its answer was lost.
  if (row.resourceId === placement.order.id && row.token === 1) {
    return claimedBy(placement, await loadOrder(deps.pool, row.resourceId));
  }
  if (!row.leaseExpired) throw requestInProgress();
  // Before the lease is taken, which a failing look would leave behind; B judges the order anew.
  const order = await loadOrder(deps.pool, row.resourceId);
  const token = await takeOver(deps.pool, {
    clientId: placement.order.clientId,
    key: placement.key,
    answeredInMs: answeredInMs(placement),
  });
  if (token === undefined) throw requestInProgress();
  return { kind: 'claimed', claimed: { placement, order, token, result: 'taken_over' } };
}

async function acceptedAgain(deps: PlacementDeps, placement: Placement, orderId: string): Promise<Judgement> {
  const order = await loadOrder(deps.pool, orderId);
  if (order.firstOutcome === undefined) {
    return { kind: 'answered', answer: { reply: acceptedAnswer(order), result: 'executed' } };
  }
  // Settled since we looked at the key; the final answer was stored with that.
  const [row] = await readClaims(deps.pool, [{ clientId: placement.order.clientId, key: placement.key }]);
  const stored = row && toStoredReply(row);
  return stored ? { kind: 'answered', answer: { reply: stored, result: 'replayed' } } : rebuildAnswer(deps, placement);
}

async function loadOrder(pool: Pool, id: string): Promise<Order> {
  const order = (await findOrders(pool, [id])).get(id);
  if (!order) throw new Error(`the order ${id} of a key is missing`);
  return order;
}

/** The key's row is past its retention, but the order keeps the client from placing it twice, and can still answer. */
async function rebuildAnswer(deps: PlacementDeps, placement: Placement): Promise<Judgement> {
  const known = await findOrderByKey(deps.pool, placement.order.clientId, placement.key);
  if (!known) throw requestInProgress();
  if (!placement.fingerprint.matches(known.fingerprint)) throw keyReused();
  const { order } = known;
  if (!order.firstOutcome) return { kind: 'answered', answer: { reply: acceptedAnswer(order), result: 'executed' } };
  const timeline = await readTimeline(deps.pool, order.id);
  const decided = timeline.find((entry) => entry.type === order.firstOutcome);
  // As it was when it was decided: version 2, before anything that followed.
  const asDecided: Order = {
    ...order,
    status: order.firstOutcome,
    shipment: undefined,
    cancellation: undefined,
    version: 2,
    updatedAt: decided?.at ?? order.updatedAt,
  };
  const reply = finalAnswer(asDecided, decided?.correlationId ?? placement.correlationId);
  return { kind: 'answered', answer: { reply, result: 'replayed' } };
}

/* -------------------------------------------------------------------------------------------------------- hop and B */

async function reserveAndSettle(
  deps: PlacementDeps,
  claimed: readonly Claimed[],
  traceparent: string | undefined,
): Promise<Map<Claimed, Settled<PlacementAnswer>>> {
  const answers = new Map<Claimed, Settled<PlacementAnswer>>();
  if (claimed.length === 0) return answers;
  const decisions = await reserve(deps, claimed, traceparent);
  const spanOfB = deps.tracing?.start('place orders: B', { parent: traceparent });
  const settled = await surely(claimed, (members) => settleMembers(deps, members, decisions));
  spanOfB?.end();
  for (const [index, member] of claimed.entries()) {
    const result = settled[index] ?? rejected(new Error('a placement was not settled'));
    answers.set(member, result);
  }
  await giveBack(
    deps,
    claimed.filter((member) => answers.get(member)?.status === 'rejected'),
  );
  return answers;
}

async function reserve(
  deps: PlacementDeps,
  claimed: readonly Claimed[],
  traceparent: string | undefined,
): Promise<Map<string, ReservationResult> | undefined> {
  const remaining = Math.min(...claimed.map(({ placement }) => placement.deadline)) - performance.now();
  const timeout = Math.floor(Math.min(deps.reservationTimeoutMs, remaining - RESERVE_FOR_B_MS));
  if (timeout <= 0) return undefined;
  const requests = claimed.map(({ order }) => ({ id: order.id, lines: demandOf(order.lines) }));
  const hop = deps.tracing?.start('POST /reservations', { kind: 'client', parent: traceparent });
  const caller = hop?.traceparent ?? claimed[0]?.placement.traceparent ?? '';
  const results = await deps.reservations.reserve(requests, timeout, caller);
  hop?.end(results ? undefined : { failed: 'its outcome is unknown' });
  return results && new Map(results.map((result) => [result.id, result]));
}

/** B for these members, and a second look for those on which it had no effect. */
async function settleMembers(
  deps: PlacementDeps,
  members: readonly Claimed[],
  results: Map<string, ReservationResult> | undefined,
): Promise<PlacementAnswer[]> {
  const isDecided = ({ order }: Claimed) => results !== undefined && results.get(order.id)?.state !== 'undecided';
  const replies = new Map([
    ...(await settleKnown(deps, members.filter(isDecided), results ?? new Map())),
    ...(await queueUnknown(
      deps,
      members.filter((member) => !isDecided(member)),
    )),
  ]);
  const without = members.filter((member) => !replies.has(member));
  for (const [member, reply] of await answersOfOthers(deps, without)) replies.set(member, reply);
  return members.map((member) => {
    const reply = replies.get(member);
    if (!reply) throw new Error(`order ${member.order.id} was neither settled nor found`);
    return { reply, result: member.result };
  });
}

async function settleKnown(
  deps: PlacementDeps,
  members: readonly Claimed[],
  results: Map<string, ReservationResult>,
): Promise<Map<Claimed, Reply>> {
  const now = deps.now();
  const steps = members.flatMap((member) => {
    const decision = toDecision(results.get(member.order.id));
    // A tombstone: the order was cancelled meanwhile, so B has nothing to do.
    const outcome = decision && settle(member.order, decision, now);
    if (outcome?.kind !== 'changed') return [];
    const { correlationId, traceparent } = member.placement;
    const reply = finalAnswer(outcome.order, correlationId);
    const step = {
      before: member.order,
      after: outcome.order,
      actor: 'inventory-service',
      correlationId,
      messages: [orderEvent(outcome.order, { correlationId, traceparent })],
      finalAnswer: reply,
      token: member.token,
    };
    return [{ member, reply, step }];
  });
  if (steps.length === 0) return new Map();
  const changed = await applyTransitions(
    deps.pool,
    steps.map(({ step }) => step),
  );
  const effective = steps.filter(({ member }) => changed.has(member.order.id));
  for (const { step } of effective) deps.metrics.ordersTotal.of(step.after.status).inc();
  return new Map(effective.map(({ member, reply }) => [member, reply]));
}

function toDecision(result: ReservationResult | undefined): Decision | undefined {
  if (result?.state === 'held') return { kind: 'held' };
  if (result?.state === 'rejected') return { kind: 'rejected', shortages: result.shortages ?? [] };
  if (result?.state === 'released') return undefined;
  throw new Error(`inventory-service answered ${result?.state ?? 'nothing'} for a new reservation`);
}

async function queueUnknown(deps: PlacementDeps, members: readonly Claimed[]): Promise<Map<Claimed, Reply>> {
  if (members.length === 0) return new Map();
  const now = deps.now();
  const queued = await queueReservations(
    deps.pool,
    members.map(({ placement, order, token }) => ({
      order,
      token,
      correlationId: placement.correlationId,
      now,
      requested: reservationCommand(order, 'reservation', placement, now),
    })),
  );
  const effective = members.filter(({ order }) => queued.has(order.id));
  deps.metrics.ordersTotal.of('queued').inc(effective.length);
  return new Map(effective.map((member) => [member, acceptedAnswer(member.order)]));
}

/**
 * B had no effect: frozen past its lease, overtaken by a reply or a cancellation, or its own answer was lost and this
 * is its second run. What the key says is the answer; never the order's present status, and never the hop.
 */
async function answersOfOthers(deps: PlacementDeps, members: readonly Claimed[]): Promise<Map<Claimed, Reply>> {
  if (members.length === 0) return new Map();
  // The orders first: one that is settled between the two looks is still pending here, and its answer is stored there.
  const orders = await findOrders(
    deps.pool,
    members.map(({ order }) => order.id),
  );
  const rows = await readClaims(
    deps.pool,
    members.map(({ placement }) => ({ clientId: placement.order.clientId, key: placement.key })),
  );
  const replies = new Map<Claimed, Reply>();
  for (const [index, member] of members.entries()) {
    const row = rows[index];
    const order = orders.get(member.order.id);
    const stored = row && toStoredReply(row);
    if (stored) replies.set(member, stored);
    else if (order?.status === 'pending') replies.set(member, acceptedAnswer(order));
  }
  return replies;
}

/** A fault after A: the lease ends now, so that a repeat takes over at once. */
async function giveBack(deps: PlacementDeps, failed: readonly Claimed[]): Promise<void> {
  if (failed.length === 0) return;
  const leases = failed.map(({ placement, token }) => ({
    clientId: placement.order.clientId,
    key: placement.key,
    token,
  }));
  await giveBackLeases(deps.pool, leases).catch((error: unknown) =>
    deps.log.warn({ err: error }, 'leases could not be given back; they expire by themselves'),
  );
}

/* --------------------------------------------------------------------------------------------------------- results */

function fulfilled<T>(value: T): Settled<T> {
  return { status: 'fulfilled', value };
}

function rejected(reason: unknown): PromiseRejectedResult {
  return { status: 'rejected', reason };
}

/**
 * Run a statement for all members, isolating a bad one. When the connection was lost it runs once more: the answer to
 * COMMIT may be lost while the commit was not, and the second run tells, for it then finds its own rows.
 */
async function surely<T, R>(
  members: readonly T[],
  statement: (members: readonly T[]) => Promise<R[]>,
): Promise<Settled<R>[]> {
  const results = await isolatingFailures(members, statement, isUnavailable);
  const lost = results.some((result) => result.status === 'rejected' && isUnavailable(result.reason));
  return lost ? isolatingFailures(members, statement, isUnavailable) : results;
}

async function settling<T>(work: Promise<T>): Promise<Settled<T>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}
