/**
 * Places orders in batches. Each phase is one statement or one call for all members:
 *
 *   A      claim the keys and insert the orders as `pending`, and read the keys that were taken  (order-db)
 *   orders answer for keys without a stored response: order pending, or key past its retention; in parallel with the hop
 *   hop    ask inventory-service to hold the stock of the orders whose keys are claimed
 *   B      write the decisions, or queue the request if the outcome of the hop is unknown        (order-db)
 *   reread members on which B had no effect: another process decided them, and stored the response
 *
 * If the process crashes after A, the completer finds the order; wherever it crashes, a retry of the request finds the key.
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

/** A request to place an order. */
export interface Placement extends LeasedRequest {
  /** The order to insert; A assigns its number. */
  order: Order;
  correlationId: string;
  traceparent: string;
  /** Called when its batch starts. Before that, nothing was done. */
  onBegun: () => void;
  /** Called as soon as the state of the key is known. Requests that have not claimed their key need not wait for the hop. */
  onJudged: (judgement: Result<Judgement>) => void;
}

export interface PlacementAnswer {
  reply: Reply;
  result: KeyResult;
}

export interface PlacementDeps {
  pool: Pool;
  /** For retries, which only read. */
  requestPool: Queryable;
  reservations: ReservationClient;
  metrics: OrderMetrics;
  log: Logger;
  tracing?: Tracing;
  now: () => Date;
  /** Signal new outbox rows to the relay. */
  wakeRelay: () => void;
  reservationTimeoutMs: number;
}

// Reserved for B and the response when the hop uses all of its time.
const RESERVE_FOR_B_MS = 400;

/** A placement that has claimed its key, with its fencing token. */
export interface Claimed {
  placement: Placement;
  order: Order;
  token: number;
  result: 'executed' | 'taken_over';
}

/** The state of a key: claimed, and the order is durable; or already answered. */
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
    reserveAndComplete(deps, claimed, batch?.traceparent),
    // In parallel, so that retries wait for neither the hop nor B, nor other orders for retries.
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

/** Claim the keys. Members whose result depends on their order are absent. */
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

/** Transaction A. Returns the inserted order of each member, or undefined if the key was taken. */
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

/** Answer retries from their orders, with one query. */
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
  // The order at the time of the decision: version 2, without later changes.
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

async function reserveAndComplete(
  deps: PlacementDeps,
  claimed: readonly Claimed[],
  traceparent: string | undefined,
): Promise<Map<Claimed, Result<PlacementAnswer>>> {
  const answers = new Map<Claimed, Result<PlacementAnswer>>();
  if (claimed.length === 0) return answers;
  const decisions = await reserve(deps, claimed, traceparent);
  const spanOfB = deps.tracing?.start('place orders: B', { parent: traceparent });
  // The same for both runs, so that they would store the same response.
  const now = deps.now();
  const completed = await retryingLostConnection(claimed, (members, isSecondRun) =>
    completeMembers(deps, members, { results: decisions, now, isSecondRun }),
  );
  spanOfB?.end();
  for (const [index, member] of claimed.entries()) {
    const result = completed[index] ?? rejected(new Error('a placement got no outcome from B'));
    answers.set(member, result);
  }
  await releaseFailed(
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
  hop?.end(results ? undefined : { failed: 'outcome unknown' });
  return results && new Map(results.map((result) => [result.id, result]));
}

/** What B writes for a member, if it has an effect. */
interface Attempt {
  reply: Reply;
  outcome: OrderStatus | 'queued';
}

/** B for a set of members: what it writes for each, and the orders on which it had an effect. */
interface Attempts {
  attempts: Map<Claimed, Attempt>;
  effective: ReadonlySet<OrderId>;
}

interface Completion {
  /** The results of inventory-service; undefined if the outcome is unknown. */
  results: Map<string, ReservationResult> | undefined;
  now: Date;
  /** The first run lost its connection, possibly after its commit. */
  isSecondRun: boolean;
}

/** Run B for these members, and read the stored replies of those on which it had no effect. */
async function completeMembers(
  deps: PlacementDeps,
  members: readonly Claimed[],
  { results, now, isSecondRun }: Completion,
): Promise<PlacementAnswer[]> {
  const isDecided = ({ order }: Claimed) => results !== undefined && results.get(order.id)?.state !== 'undecided';
  const known = await completeKnown(deps, members.filter(isDecided), results ?? new Map(), now);
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
    if (!reply) throw new Error(`order ${member.order.id} was neither decided nor found`);
    // An earlier run may have committed although it failed, so its effect is counted here. A final body belongs to this
    // request only; the body of a 202 may also come from another.
    const isRepeated = isSecondRun || attempt?.outcome !== 'queued';
    const isOurs = isEffective || (isRepeated && reply.body === attempt?.reply.body);
    if (attempt && isOurs) deps.metrics.ordersTotal.of(attempt.outcome).inc();
    return { reply, result: member.result };
  });
}

async function completeKnown(
  deps: PlacementDeps,
  members: readonly Claimed[],
  results: Map<string, ReservationResult>,
  now: Date,
): Promise<Attempts> {
  const attempts = new Map<Claimed, Attempt>();
  const steps: Transition[] = [];
  for (const member of members) {
    const decision = toDecision(results.get(member.order.id));
    // No decision for a tombstone: the order was cancelled meanwhile.
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
  throw new Error(`unexpected state of a new reservation: ${result?.state ?? 'missing'}`);
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
 * For members on which B had no effect: the process was frozen past the lease, a reply or a cancellation came first, or this is
 * the second run after a lost COMMIT response. The response is the one stored with the key, never the order's current status,
 * and never the result of the hop.
 */
async function answersOfOthers(deps: PlacementDeps, members: readonly Claimed[]): Promise<Map<Claimed, Reply>> {
  if (members.length === 0) return new Map();
  // Orders are read first: if one is decided between the two queries, it is still pending here, and its stored response is
  // found there.
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

/** End the leases after an error following A, so that a retry can take over at once. */
async function releaseFailed(deps: PlacementDeps, failed: readonly Claimed[]): Promise<void> {
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
