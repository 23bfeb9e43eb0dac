import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Attempt, Gateway, Patience } from '../gateway.ts';
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
  patience: Patience;
  tally: Tally;
}

/**
 * Sends every request and repeats it with the same key until it has its final answer: the answers per order.
 *
 * A worker stays with a request that fails, so that an outage slows the replay down instead of piling up requests. It
 * does not stay with one that only has to wait: a 202, or a twin whose first is still running, is followed up beside
 * the workers. No more than `concurrency` requests are under way at a time, follow-ups included.
 */
export async function placeSales(placement: Placement): Promise<FinalAnswer[][]> {
  const { gateway, storefrontKey, requests, sendings, patience, tally } = placement;
  const answers: FinalAnswer[][] = requests.map(() => []);
  const acceptedAt = new Map<string, number>();
  const inFlight = limitConcurrency(placement.concurrency);
  const startTime = makePace(placement.rate);
  const pending = watchPending(gateway, storefrontKey, patience);
  const followUps: Promise<void>[] = [];

  const attempt = (request: OrderRequest) =>
    inFlight(async () => {
      tally.sent += 1;
      const call = { method: 'POST', path: '/orders', apiKey: storefrontKey } as const;
      const result = await gateway.attempt({ ...call, idempotencyKey: request.key, body: request.body });
      measure(tally, result);
      return result;
    });

  const send = async ({ sale, repeat }: Sending) => {
    const request = requests[sale];
    if (!request || patience.isOver()) return;
    // The pace is that of orders; a duplicate comes on top.
    if (!repeat && placement.rate !== undefined) {
      const now = performance.now();
      await delay(startTime(now) - now);
    }
    const first = await attempt(request);
    const mustWait = first.answer?.status === 202 || repeatCause(first) === 'request-in-progress';
    const rest = finish(sale, request, first);
    if (mustWait) followUps.push(rest);
    else await rest;
  };

  const finish = async (sale: number, request: OrderRequest, first: Attempt) => {
    let next: Attempt | undefined = first;
    for (;;) {
      const answer = await untilAnswered(
        async () => {
          const result = next ?? (await attempt(request));
          next = undefined;
          return result;
        },
        patience,
        (cause) => countRepeat(tally, cause),
      );
      if (!answer) return;
      if (answer.status !== 202) {
        keep(sale, answer);
        return;
      }
      tally.accepted += 1;
      if (!(await settled(answer))) return;
    }
  };

  /** Waits until an accepted order is no longer pending. */
  const settled = async (answer: Answer): Promise<boolean> => {
    const id = orderIdOf(answer) ?? '';
    const isFirst = !acceptedAt.has(id);
    if (isFirst) {
      acceptedAt.set(id, performance.now());
      tally.acceptedOrders += 1;
      tally.pending += 1;
      patience.progress();
    }
    if (!(await pending.settled(id))) return false;
    if (isFirst) {
      recordMs(tally.settling, performance.now() - (acceptedAt.get(id) ?? 0));
      tally.pending -= 1;
      patience.progress();
    }
    return true;
  };

  const keep = (sale: number, answer: Answer) => {
    const known = answers[sale];
    if (known?.length === 0) {
      tally.outcomes[outcomeOf(answer)] += 1;
      tally.lastOutcomeAt = performance.now();
    }
    if (answer.replayed) tally.replays += 1;
    known?.push(toFinalAnswer(answer));
    patience.progress();
  };

  await eachConcurrently(sendings, placement.concurrency, send);
  await Promise.all(followUps);
  return answers;
}

/** How long placing takes, and apart from it the cheaper replaying; refusals and failures say nothing about either. */
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

/** Keeps a digest instead of the body: a long file's answers would fill the memory. */
function toFinalAnswer(answer: Answer): FinalAnswer {
  const { status, code, replayed } = answer;
  const errors = ((answer.json ?? {}) as { errors?: InvalidMember[] }).errors ?? [];
  // Only a stored answer comes again to the letter; any other has a trace id of its own.
  const content =
    outcomeOf(answer) === 'invalid' ? JSON.stringify([status, code, errors]) : `${answer.location}\n${answer.text}`;
  const digest = createHash('sha256').update(`${status}\n${content}`).digest('base64');
  return { status, code, orderId: orderIdOf(answer), replayed, content: digest, errors };
}
