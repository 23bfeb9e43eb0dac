/** Sends the clients' requests and records them; a request without a final response is sent again under its key. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt, Gateway } from '@shop/operator/gateway.ts';
import type { MachineName, Operation, Shopper, Try, Verdict } from './history.ts';
import { verdictOf } from './history.ts';
import type { PlaceForShopper } from './place-for-shopper.ts';
import type { Random } from './random.ts';

export type ApiKeys = Record<MachineName, string>;

/** The headers of a shopper's app. */
export function headersOf({ accessToken }: Pick<Shopper, 'accessToken'>): Record<string, string> {
  return { 'x-caller': 'shopper', authorization: `Bearer ${accessToken}` };
}

// The share of shoppers who leave after a failed first request; the system has to decide their order without a retry.
const QUITTERS_SHARE = 0.5;

export interface Sender {
  /** All operations, in the order of their first attempt. */
  operations: Operation[];
  /** Milliseconds since the start of the history: the clock of all its times. */
  now: () => number;
  /** Sends one of an operation's bodies, once. */
  send: (operation: Operation, variant: number, giveUpAfterMs?: number) => Promise<Try>;
  /** Retries until the response is final; undefined if its client leaves for good, or all retries have ended. */
  sendUntilFinal: (operation: Operation, variant: number, mayQuit?: boolean) => Promise<Verdict | undefined>;
  /** Retries until there is a response with its outcome. */
  sendUntilAnswered: (operation: Operation) => Promise<Verdict>;
  /** Ends all retries. */
  giveUp: () => void;
}

/** A sender with an empty history; `pauses` decides how long clients wait. */
export function makeSender(setting: {
  gateway: Gateway;
  apiKeys: ApiKeys;
  placeForShopper: PlaceForShopper;
  pauses: Random;
}): Sender {
  const { gateway, apiKeys, placeForShopper, pauses } = setting;
  const started = performance.now();
  const now = () => performance.now() - started;
  let gaveUp = false;

  async function send(operation: Operation, variant: number, giveUpAfterMs?: number): Promise<Try> {
    const one: Try = { variant, sentAt: now(), endedAt: Number.POSITIVE_INFINITY };
    operation.tries.push(one); // recorded before it is sent, because it may take effect even without a response
    const attempt = await attemptOf(operation, operation.bodies[variant], giveUpAfterMs);
    return Object.assign(one, { endedAt: now() }, outcomeOf(attempt));
  }

  function attemptOf(
    { kind, client, shopper, key, path }: Operation,
    body: string | undefined,
    giveUpAfterMs?: number,
  ) {
    if (client === 'web' && kind === 'place') return placeForShopper({ key, body: body ?? '', giveUpAfterMs });
    return gateway.attempt({
      method: kind === 'read' ? 'GET' : 'POST',
      path,
      ...(client !== 'web' && { apiKey: apiKeys[client] }),
      ...(shopper && { headers: headersOf(shopper) }),
      giveUpAfterMs,
      ...(kind !== 'read' && { idempotencyKey: key, body }),
    });
  }

  async function sendUntilFinal(operation: Operation, variant: number, mayQuit = false): Promise<Verdict | undefined> {
    for (let count = 1; ; count += 1) {
      // Sometimes a client aborts a request and comes back.
      const giveUpAfterMs = count === 1 && pauses.share() < 0.06 ? pauses.between(1, 60) : undefined;
      const one = await send(operation, variant, giveUpAfterMs);
      const verdict = verdictOf(one);
      if (verdict !== 'again' && verdict !== 'accepted') return verdict;
      if (verdict === 'accepted') operation.onAccepted?.();
      if (gaveUp) return undefined;
      if (mayQuit && count === 1 && hasFailed(one) && pauses.share() < QUITTERS_SHARE) {
        operation.isForsaken = true;
        return undefined;
      }
      await delay(verdict === 'accepted' ? pauses.between(300, 1_500) : backoffMs(count));
    }
  }

  async function sendUntilAnswered(operation: Operation): Promise<Verdict> {
    for (let count = 1; ; count += 1) {
      const verdict = verdictOf(await send(operation, 0));
      if (verdict !== 'again') return verdict;
      await delay(backoffMs(count));
    }
  }

  return {
    operations: [],
    now,
    send,
    sendUntilFinal,
    sendUntilAnswered,
    giveUp: () => {
      gaveUp = true;
    },
  };
}

function backoffMs(count: number): number {
  return Math.min(100 * 2 ** count, 2_000);
}

/** No response, or one that reports a fault. */
function hasFailed({ answer }: Try): boolean {
  return answer === undefined || answer.status >= 500;
}

function outcomeOf(attempt: Attempt): Pick<Try, 'answer' | 'cause'> {
  if (!attempt.answer) return { cause: attempt.cause };
  const { status, text, code, location } = attempt.answer;
  return { answer: { status, text, code, location } };
}
