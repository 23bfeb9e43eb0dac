/** Reads the orders of shoppers from order-service. */
import { readPatiently } from '@shop/chassis/base/calls/read-patiently.ts';
import { TimedOutError, UnexpectedStatusError } from '@shop/chassis/base/calls/service-target.ts';
import { createServiceTargets, NoTargetError } from '@shop/chassis/base/calls/service-targets.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { BUCKETS } from '@shop/chassis/operations/reconciliation/digests.ts';
import { z } from 'zod';
import { type ShopperOrder, shopperOrder } from './shopper-order.ts';

export interface OrderSourceOptions {
  urls: readonly string[];
  internalToken: string;
  log: Logger;
  /** Timeout of a lookup. Override for tests. */
  timeoutMs?: number;
}

export type OrderSource = ReturnType<typeof createOrderSource>;

// Half a second is usual for the largest answers. A lookup waits in a transaction, which must not be idle for 10 s.
const TIMEOUT_MS = 3_000;
// A million orders take some seconds, ten million half a minute.
const DIGESTS_TIMEOUT_MS = 120_000;
// No order has this id.
const NIL_ID = '00000000-0000-0000-0000-000000000000';
/** Orders in a page: of any size, large pages read fewer. */
const PAGE = 1_000;
/** The maximum number of ids in a lookup. */
export const LOOKUP_MAX = 500;

const pageAnswer = z.object({ items: z.array(shopperOrder), next: z.guid().optional() });
const digestsAnswer = z.object({ digests: z.array(z.string()).length(BUCKETS) });
const statesAnswer = z.object({
  items: z.array(z.object({ id: z.guid(), version: z.int(), status: z.string() })),
  next: z.guid().optional(),
});

/** A client of `POST /orders/lookup` and `/shopper-orders`. */
export function createOrderSource({ urls, internalToken, log, timeoutMs = TIMEOUT_MS }: OrderSourceOptions) {
  const probe = { path: '/orders/lookup', body: { ids: [NIL_ID] } };
  const orders = createServiceTargets({ service: 'order-service', urls, internalToken, timeoutMs, probe, log });

  /** One attempt within the timeout. */
  function lookupOnce(ids: readonly string[]) {
    const read = (json: unknown) => pageAnswer.parse(json);
    return distinguished(orders.read({ path: '/orders/lookup', body: { ids }, timeoutMs, read }));
  }

  function patiently<T>(question: Parameters<typeof readPatiently<T>>[1], signal: AbortSignal, within?: number) {
    return distinguished(readPatiently(orders, question, signal, within));
  }

  return {
    /** The orders of shoppers with these ids, at most {@link LOOKUP_MAX}; others are absent. */
    async lookup(ids: readonly string[]): Promise<ShopperOrder[]> {
      const found: ShopperOrder[] = [];
      for (let left = ids; left.length > 0; ) {
        const { items, next } = await lookupOnce(left);
        found.push(...items);
        left = next === undefined ? [] : left.filter((id) => id > next);
      }
      return found;
    },
    /** Whether it answers. */
    async isBack(): Promise<boolean> {
      return lookupOnce([NIL_ID]).then(
        () => true,
        () => false,
      );
    },
    /** A page of all orders of shoppers, oldest first, and where the next one begins. */
    page(after: string | undefined, signal: AbortSignal) {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after && { after }) });
      const read = (json: unknown) => pageAnswer.parse(json);
      return patiently({ path: `/shopper-orders?${query}`, read }, signal);
    },
    /** The digest of each bucket. */
    digests(signal: AbortSignal): Promise<string[]> {
      const read = (json: unknown) => digestsAnswer.parse(json).digests;
      return patiently({ path: '/shopper-orders/digests', read }, signal, DIGESTS_TIMEOUT_MS);
    },
    /** A page of the states in these buckets, in the order of their ids. */
    states(buckets: readonly number[], after: string | undefined, signal: AbortSignal) {
      const read = (json: unknown) => statesAnswer.parse(json);
      return patiently({ path: '/shopper-orders/states', body: { buckets, after }, read }, signal);
    },
    close: orders.close,
  };
}

/** order-service cannot answer at the moment. Any other error is its refusal of this question, or an answer that is not understood. */
export class OrdersUnavailableError extends Error {}

async function distinguished<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new OrdersUnavailableError((error as Error).message, { cause: error });
  }
}

// Answers of a service that is starting, stopping or overloaded, or of something in between.
const UNAVAILABLE = [429, 502, 503, 504];

function isUnavailable(error: unknown): boolean {
  if (error instanceof UnexpectedStatusError) return UNAVAILABLE.includes(error.status);
  if (error instanceof NoTargetError || error instanceof TimedOutError) return true;
  // Of the connection: Node's own, and those of undici.
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return typeof syscall === 'string' || (typeof code === 'string' && code.startsWith('UND_ERR'));
}
