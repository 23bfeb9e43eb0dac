/**
 * Placing orders, a batch at a time. Each phase is one statement or one call for all members:
 *
 *   A      claim the keys and write the orders `pending`, and look at the keys that were taken  (order-db)
 *   orders answer for keys whose answer is in no row: still pending, or past their retention; beside the hop
 *   hop    ask inventory-service to hold the stock of those whose keys are claimed
 *   B      settle them, or queue the question when the hop's outcome is unknown                 (order-db)
 *   reread for those on which B had no effect: another process settled them, and stored the answer
 *
 * If the process dies after A, the completer finds the order; wherever it dies, a repeat of the request finds the key.
 */

import type { Pool, Queryable } from '@shop/chassis/base/db/pool.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import { retryingLostConnection } from '@shop/chassis/reliable/batching/retrying-lost-connection.ts';
import {
  answeredInMs,
  type ClaimResult,
  claimLeases,
  type LeasedRequest,
} from '@shop/chassis/reliable/idempotency/claim-leases.ts';
import { type KeyResult, keyReused, requestInProgress } from '@shop/chassis/reliable/idempotency/key-results.ts';
import { readKeys, releaseLeases } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import type { Reply } from '@shop/chassis/reliable/refusal.ts';
import type { OrderMetrics } from '../metrics.ts';
import type { ReservationClient, ReservationResult } from '../reservations/reservation-client.ts';
import { applyDecision, type Decision, type Order, type OrderId, type OrderStatus } from './order.ts';
import { demandOf } from './order-lines.ts';
import { orderEvent, reservationCommand } from './order-messages.ts';
import {
  applyTransitions,
  findOrders,
  findOrdersByKeys,
  isOrderOfKeyKnown,
  type PlacedOrder,
  type Transition,
} from './orders.sql.ts';
import { insertPlacements, NUMBER_PLACEHOLDER, queueReservations } from './placement.sql.ts';
import { acceptedReply, finalReply } from './replies.ts';

/** A request to place an order, on its way through the phases. */
export interface Placement extends LeasedRequest {
  /** As it will be written; its number comes with A. */
  order: Order;
  correlationId: string;
  traceparent: string;
  /** Called when a batch has taken it: until then nothing was done. */
  onBegun: () => void;
  /** Called as soon as it is known whether the key is this request's: those that it is not need not wait for the hop. */
  onJudged: (judgement: Result<Judgement>) => void;
}

export interface PlacementAnswer {
  reply: Reply;
  result: KeyResult;
}

export interface PlacementDeps {
  pool: Pool;
  /** For what is no part of placing: repeats that only read. */
  requestPool: Queryable;
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
type Result<T> = PromiseSettledResult<T>;

/** Place a batch of orders; one result per member, in order. */
export async function placeBatch(
  deps: PlacementDeps,
  placements: readonly Placement[],
): Promise<Result<PlacementAnswer>[]> {
  for (const placement of placements) placement.onBegun();
  const { tracing } = deps;
  const batch = tracing?.startBatch('place orders', placements);
  const spanOfA = tracing?.start('place orders: A', { parent: batch?.traceparent });
  const judgements = await claim(deps.pool, placements);
  spanOfA?.end();
  announce(judgements);
  const claimed = [...judgements.values()].flatMap((judgement) =>
    judgement.status === 'fulfilled' && judgement.value.kind === 'claimed' ? [judgement.value.claimed] : [],
  );
  const unanswered = placements.filter((placement) => !judgements.has(placement));
  const [answers, byOrders] = await Promise.all([
    reserveAndSettle(deps, claimed, batch?.traceparent),
    // Repeats wait for neither the hop nor B, and the orders of others do not wait for repeats.
    answerByOrders(deps, unanswered),
  ]);
  batch?.end();
  deps.wakeRelay();
  return placements.map((placement): Result<PlacementAnswer> => {
    const judgement = judgements.get(placement) ?? byOrders.get(placement);
    if (!judgement) return rejected(new Error('a placement got no result'));
    if (judgement.status === 'rejected') return judgement;
    if (judgement.value.kind === 'answered') return { status: 'fulfilled', value: judgement.value.answer };
    return answers.get(judgement.value.claimed) ?? rejected(new Error('a claimed placement got no answer'));
  });
}

function announce(judgements: Map<Placement, Result<Judgement>>): void {
  for (const [placement, judgement] of judgements) placement.onJudged(judgement);
}

/* ------------------------------------------------------------------------------------------------ A and its losers */

/** What the keys of these say; those are absent whose order has to say it. */
async function claim(pool: Pool, placements: readonly Placement[]): Promise<Map<Placement, Result<Judgement>>> {
  const claims = await claimLeases(pool, placements, {
    idOf: ({ order }) => order.id,
    write: (members) => insertMembers(pool, members),
    isKeptByResource: isOrderOfKeyKnown,
    find: (ids) => findOrders(pool, ids),
  });
  const judgements = new Map<Placement, Result<Judgement>>();
  for (const [index, placement] of placements.entries()) {
    const judgement = toJudgement(placement, claims[index]);
    if (judgement) judgements.set(placement, judgement);
  }
  return judgements;
}

/** A. The order as written for each member, or undefined where the key was taken. */
async function insertMembers(pool: Pool, members: readonly Placement[]): Promise<(Order | undefined)[]> {
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

function toJudgement(placement: Placement, found: ClaimResult<Order> | undefined): Result<Judgement> | undefined {
  if (found?.status !== 'fulfilled') return found;
  const { value } = found;
  if (value.kind === 'left-to-resource') return undefined;
  if (value.kind === 'answered')
    return fulfilled({ kind: 'answered', answer: { reply: value.reply, result: 'replayed' } });
  const { resource: order, token, result } = value;
  return fulfilled({ kind: 'claimed', claimed: { placement, order, token, result } });
}

/** Repeats that their orders answer, however many, by one look. */
async function answerByOrders(
  deps: PlacementDeps,
  placements: readonly Placement[],
): Promise<Map<Placement, Result<Judgement>>> {
  if (placements.length === 0) return new Map();
  const [found] = await Promise.allSettled([findOrdersByKeys(deps.requestPool, placements)]);
  const judgements = new Map(
    placements.map((placement, index) => [
      placement,
      found.status === 'rejected' ? found : judgeByOrder(placement, found.value[index]),
    ]),
  );
  announce(judgements);
  return judgements;
}

function judgeByOrder(placement: Placement, known: PlacedOrder | undefined): Result<Judgement> {
  if (!known) return rejected(requestInProgress());
  if (!placement.fingerprint.matches(known.fingerprint)) return rejected(keyReused());
  const { order, decided } = known;
  if (!order.firstOutcome) {
    return fulfilled({ kind: 'answered', answer: { reply: acceptedReply(order), result: 'in_progress' } });
  }
  // As it was when it was decided: version 2, before anything that followed.
  const asDecided: Order = {
    ...order,
    status: order.firstOutcome,
    shipment: undefined,
    cancellation: undefined,
    version: 2,
    updatedAt: decided?.at ?? order.updatedAt,
  };
  const reply = finalReply(asDecided, decided?.correlationId ?? placement.correlationId);
  return fulfilled({ kind: 'answered', answer: { reply, result: 'replayed' } });
}

/* -------------------------------------------------------------------------------------------------------- hop and B */

async function reserveAndSettle(
  deps: PlacementDeps,
  claimed: readonly Claimed[],
  traceparent: string | undefined,
): Promise<Map<Claimed, Result<PlacementAnswer>>> {
  const answers = new Map<Claimed, Result<PlacementAnswer>>();
  if (claimed.length === 0) return answers;
  const decisions = await reserve(deps, claimed, traceparent);
  const spanOfB = deps.tracing?.start('place orders: B', { parent: traceparent });
  // Once for both runs: what the first has stored is what the second would store.
  const now = deps.now();
  const settled = await retryingLostConnection(claimed, (members, isSecondRun) =>
    settleMembers(deps, members, { results: decisions, now, isSecondRun }),
  );
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

/** What B would make of a member. */
interface Attempt {
  reply: Reply;
  outcome: OrderStatus | 'queued';
}

/** B for a set of members: what it would make of each, and the orders for which it did. */
interface Attempts {
  attempts: Map<Claimed, Attempt>;
  effective: ReadonlySet<OrderId>;
}

interface Settling {
  /** What inventory answered; undefined: nobody knows. */
  results: Map<string, ReservationResult> | undefined;
  now: Date;
  /** The first run lost its connection, perhaps after its commit. */
  isSecondRun: boolean;
}

/** B for these members, and a second look for those on which it had no effect. */
async function settleMembers(
  deps: PlacementDeps,
  members: readonly Claimed[],
  { results, now, isSecondRun }: Settling,
): Promise<PlacementAnswer[]> {
  const isDecided = ({ order }: Claimed) => results !== undefined && results.get(order.id)?.state !== 'undecided';
  const known = await settleKnown(deps, members.filter(isDecided), results ?? new Map(), now);
  const unknown = await queueUnknown(
    deps,
    members.filter((member) => !isDecided(member)),
    now,
  );
  const attempts = new Map([...known.attempts, ...unknown.attempts]);
  const effective = new Set([...known.effective, ...unknown.effective]);
  const others = await answersOfOthers(
    deps,
    members.filter(({ order }) => !effective.has(order.id)),
  );
  return members.map((member) => {
    const attempt = attempts.get(member);
    const isEffective = effective.has(member.order.id);
    const reply = isEffective ? attempt?.reply : others.get(member);
    if (!reply) throw new Error(`order ${member.order.id} was neither settled nor found`);
    // An earlier run may have committed although it failed: its effect is counted here. A body that decides is nobody
    // else's; that of a 202 may be.
    const isRepeated = isSecondRun || attempt?.outcome !== 'queued';
    const isOurs = isEffective || (isRepeated && reply.body === attempt?.reply.body);
    if (attempt && isOurs) deps.metrics.ordersTotal.of(attempt.outcome).inc();
    return { reply, result: member.result };
  });
}

async function settleKnown(
  deps: PlacementDeps,
  members: readonly Claimed[],
  results: Map<string, ReservationResult>,
  now: Date,
): Promise<Attempts> {
  const attempts = new Map<Claimed, Attempt>();
  const steps: Transition[] = [];
  for (const member of members) {
    const decision = toDecision(results.get(member.order.id));
    // A tombstone: the order was cancelled meanwhile, so B has nothing to do.
    const outcome = decision && applyDecision(member.order, decision, now);
    if (outcome?.kind !== 'changed') continue;
    const { correlationId, traceparent } = member.placement;
    const reply = finalReply(outcome.order, correlationId);
    attempts.set(member, { reply, outcome: outcome.order.status });
    steps.push({
      before: member.order,
      after: outcome.order,
      actor: 'inventory-service',
      correlationId,
      messages: [orderEvent(outcome.order, { correlationId, traceparent })],
      finalReply: reply,
      token: member.token,
    });
  }
  return { attempts, effective: steps.length > 0 ? await applyTransitions(deps.pool, steps) : new Set() };
}

function toDecision(result: ReservationResult | undefined): Decision | undefined {
  if (result?.state === 'held') return { kind: 'held' };
  if (result?.state === 'rejected') return { kind: 'rejected', shortages: result.shortages ?? [] };
  if (result?.state === 'released') return undefined;
  throw new Error(`inventory-service answered ${result?.state ?? 'nothing'} for a new reservation`);
}

async function queueUnknown(deps: PlacementDeps, members: readonly Claimed[], now: Date): Promise<Attempts> {
  if (members.length === 0) return { attempts: new Map(), effective: new Set() };
  const effective = await queueReservations(
    deps.pool,
    members.map(({ placement, order, token }) => ({
      order,
      token,
      correlationId: placement.correlationId,
      now,
      requested: reservationCommand(order, 'reservation', placement, now),
    })),
  );
  const attempts = new Map(
    members.map((member) => [member, { reply: acceptedReply(member.order), outcome: 'queued' as const }]),
  );
  return { attempts, effective };
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
  const keys = await readKeys(
    deps.pool,
    members.map(({ placement }) => placement),
  );
  const replies = new Map<Claimed, Reply>();
  for (const [index, member] of members.entries()) {
    const order = orders.get(member.order.id);
    const stored = keys[index]?.reply;
    if (stored) replies.set(member, stored);
    else if (order?.status === 'pending') replies.set(member, acceptedReply(order));
  }
  return replies;
}

/** A fault after A: the lease ends now, so that a repeat takes over at once. */
async function giveBack(deps: PlacementDeps, failed: readonly Claimed[]): Promise<void> {
  if (failed.length === 0) return;
  const leases = failed.map(({ placement: { clientId, key }, token }) => ({ clientId, key, token }));
  await releaseLeases(deps.pool, leases).catch((error: unknown) =>
    deps.log.warn({ err: error }, 'could not release leases; they will expire'),
  );
}

/* --------------------------------------------------------------------------------------------------------- results */

function fulfilled<T>(value: T): Result<T> {
  return { status: 'fulfilled', value };
}

function rejected(reason: unknown): PromiseRejectedResult {
  return { status: 'rejected', reason };
}
