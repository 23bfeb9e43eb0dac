import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Attempt, Gateway, ProgressTimeout } from '../gateway.ts';
import { repeatCause, untilAnswered } from '../gateway.ts';
import type { FinalAnswer } from './audit.ts';
import type { InvalidMember, OrderRequest } from './order-request.ts';
import { eachConcurrently, limitConcurrency, makePace } from './pace.ts';
import type { Sending } from './sendings.ts';
import type { Tally } from './tally.ts';
import { countRepeat, outcomeOf, recordMs } from './tally.ts';
import { watchPending } from './watch-pending.ts';

export interface Placement {
  gateway: Gateway;
  storefrontKey: string;
  requests: OrderRequest[];
  sendings: Sending[];
  concurrency: number;
  rate?: number;
  timeout: ProgressTimeout;
  tally: Tally;
}

/**
 * Sends every request and repeats it with the same key until it has its final response; returns the responses per order.
 *
 * A worker keeps retrying a request that fails, so that an outage slows the replay down instead of piling up requests. It
 * does not wait for pending ones: a 202, or a duplicate whose first request is still running, is followed up outside the
 * workers. At most `concurrency` requests run at a time, including follow-ups.
 */
export async function placeSales(placement: Placement): Promise<FinalAnswer[][]> {
  const { requests, sendings, timeout, rate } = placement;
  const sales = requests.map((request) => ({ request, answers: [] as FinalAnswer[] }));
  const attempt = limitedAttempts(placement);
  const decided = followAccepted(placement);
  const startTime = makePace(rate);
  const followUps: Promise<void>[] = [];

  const send = async (sending: Sending) => {
    const sale = sales[sending.sale];
    if (!sale || timeout.isOver()) return;
    // The rate limits orders; duplicates are extra.
    if (!sending.repeat && rate !== undefined) {
      const now = performance.now();
      await delay(startTime(now) - now);
    }
    const again = () => attempt(sale.request);
    const first = await again();
    const mustWait = first.answer?.status === 202 || repeatCause(first) === 'request-in-progress';
    const rest = untilFinal(placement, first, again, decided).then((answer) => {
      if (answer) keep(placement, sale.answers, answer);
    });
    if (mustWait) followUps.push(rest);
    else await rest;
  };

  await eachConcurrently(sendings, placement.concurrency, send);
  await Promise.all(followUps);
  return sales.map(({ answers }) => answers);
}

/** Sends a request once, when fewer than `concurrency` are running. */
function limitedAttempts({ gateway, storefrontKey, concurrency, tally }: Placement) {
  const inFlight = limitConcurrency(concurrency);
  return ({ key, body }: OrderRequest): Promise<Attempt> =>
    inFlight(async () => {
      tally.sent += 1;
      const call = { method: 'POST', path: '/orders', apiKey: storefrontKey } as const;
      const result = await gateway.attempt({ ...call, idempotencyKey: key, body });
      measure(tally, result);
      return result;
    });
}

/** Repeats a request until its response is final, and meanwhile waits for a pending order; undefined on giving up. */
async function untilFinal(
  { timeout, tally }: Placement,
  first: Attempt,
  again: () => Promise<Attempt>,
  decided: (accepted: Answer) => Promise<boolean>,
): Promise<Answer | undefined> {
  let next: Attempt | undefined = first;
  const attempt = async () => {
    const result = next ?? (await again());
    next = undefined;
    return result;
  };
  for (;;) {
    const answer = await untilAnswered(attempt, timeout, (cause) => countRepeat(tally, cause));
    if (answer?.status !== 202) return answer;
    tally.accepted += 1;
    if (!(await decided(answer))) return undefined;
  }
}

/** Waits until an accepted order is no longer pending, and measures how long it was; false on giving up. */
function followAccepted({ gateway, storefrontKey, timeout, tally }: Placement) {
  const acceptedAt = new Map<string, number>();
  const pending = watchPending(gateway, storefrontKey, timeout);
  return async (accepted: Answer): Promise<boolean> => {
    const id = orderIdOf(accepted) ?? '';
    const isFirst = !acceptedAt.has(id);
    if (isFirst) {
      acceptedAt.set(id, performance.now());
      tally.acceptedOrders += 1;
      tally.pending += 1;
      timeout.progress();
    }
    if (!(await pending.decided(id))) return false;
    if (isFirst) {
      recordMs(tally.deciding, performance.now() - (acceptedAt.get(id) ?? 0));
      tally.pending -= 1;
      timeout.progress();
    }
    return true;
  };
}

function keep({ timeout, tally }: Placement, known: FinalAnswer[], answer: Answer): void {
  if (known.length === 0) {
    tally.outcomes[outcomeOf(answer)] += 1;
    tally.lastOutcomeAt = performance.now();
  }
  if (answer.replayed) tally.replays += 1;
  known.push(toFinalAnswer(answer));
  timeout.progress();
}

/** Latencies of placing and, separately, of the cheaper replays; refusals and failures are not counted. */
function measure(tally: Tally, { answer, ...result }: Attempt): void {
  if (!answer || !('ms' in result)) return;
  if (answer.replayed) recordMs(tally.replaying, result.ms);
  else if (answer.status === 202 || ['confirmed', 'rejected'].includes(outcomeOf(answer))) {
    recordMs(tally.placing, result.ms);
  }
}

function orderIdOf(answer: Answer): string | undefined {
  const { id, orderId } = (answer.json ?? {}) as { id?: unknown; orderId?: unknown };
  const found = answer.status < 300 ? id : orderId;
  return typeof found === 'string' ? found : undefined;
}

/** Keeps a digest instead of the body, because the responses to a long file would fill the memory. */
function toFinalAnswer(answer: Answer): FinalAnswer {
  const { status, code, replayed } = answer;
  const errors = ((answer.json ?? {}) as { errors?: InvalidMember[] }).errors ?? [];
  // Only a stored response is repeated byte for byte; any other has its own trace id.
  const content =
    outcomeOf(answer) === 'invalid' ? JSON.stringify([status, code, errors]) : `${answer.location}\n${answer.text}`;
  const digest = createHash('sha256').update(`${status}\n${content}`).digest('base64');
  return { status, code, orderId: orderIdOf(answer), replayed, content: digest, errors };
}
