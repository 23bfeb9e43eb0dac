/**
 * The responses of the contract. Values that the services generate are matchers until their first response has them.
 */
import type { Product } from './inventory.ts';
import type { Order } from './order.ts';
import { toHttp, type Write } from './writes.ts';

/** An expected response. */
export interface Expected {
  status: number;
  /** Compared with the JSON body; unknown values are matchers. */
  body: unknown;
  /** The exact bytes, if an earlier response had them. */
  text?: string;
  location?: unknown;
  replayed?: boolean;
  retryAfter?: boolean;
  /** Stores values that the services generate. */
  // biome-ignore lint/suspicious/noExplicitAny: it has been compared with `body`
  learn?: (body: any, text: string) => void;
}

/** A final response; its bytes are known after the first time. */
export interface Stored {
  status: number;
  body: unknown;
  text?: string;
  location?: unknown;
}

export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const NUMBER = expect.stringMatching(/^ORD-[1-9]\d*$/);
export const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);

export function ofOrder(order: Order): Expected {
  return { status: 200, body: orderBody(order), learn: (actual) => absorb(order, actual) };
}

export function accepted(order: Order): Expected {
  const learn = (actual: Order) => absorb(order, actual);
  return { status: 202, body: orderBody(order), location: locationOf(order), retryAfter: true, learn };
}

export function locationOf({ id }: Order): unknown {
  return id ? `/orders/${id}` : expect.stringMatching(/^\/orders\/[0-9a-f-]{36}$/);
}

/** The representation of an order in all responses. */
export function orderBody(order: Order): object {
  const { id, number, clientId, customerId, currency, lines, status, createdAt, updatedAt, version } = order;
  const { rejection, shipment, cancellation } = order;
  return structuredCloneOf({
    id: id || UUID,
    number: number ?? NUMBER,
    clientId,
    customerId,
    currency,
    lines,
    status,
    ...(rejection && { rejection }),
    ...(shipment && { shipment }),
    ...(cancellation && { cancellation }),
    createdAt: createdAt ?? TIME,
    updatedAt: updatedAt ?? TIME,
    version,
  });
}

/** A copy that later changes of the order do not affect; matchers are not copied. */
function structuredCloneOf<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isPlain(member) ? structuredClone(member) : member]),
  ) as T;
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype);
}

/** Stores generated values from an order's first representation. The times must be in order. */
export function absorb(order: Order, actual: { number?: string; createdAt?: string; updatedAt?: string }): void {
  order.number ??= actual.number;
  order.createdAt ??= actual.createdAt;
  order.updatedAt ??= actual.updatedAt;
  if ((order.updatedAt ?? '') < (order.createdAt ?? ''))
    throw new Error(`order ${order.id} changed before it was placed`);
}

export function ofProduct(product: Product, status: number): Expected {
  const { sku, name, onHand, reserved, createdAt, updatedAt } = product;
  const times = { createdAt: createdAt ?? TIME, updatedAt: updatedAt ?? TIME };
  return {
    status,
    body: { sku, name, onHand, reserved, available: onHand - reserved, ...times },
    learn(actual) {
      product.createdAt ??= actual.createdAt;
      product.updatedAt ??= actual.updatedAt;
    },
  };
}

export function reused(write: Write, requestId: string): Expected {
  return problem(write, 422, 'idempotency-key-reused', requestId, {});
}

export function problem(write: Write, status: number, code: string, traceId: string, members: object): Expected {
  return { status, body: problemBody(status, code, { traceId, instance: toHttp(write).path }, members) };
}

export function readProblem(path: string, code: string, traceId: string): Expected {
  return { status: 404, body: problemBody(404, code, { traceId, instance: path }, {}) };
}

export function problemBody(
  status: number,
  code: string,
  { traceId, instance }: { traceId: string; instance: string },
  members: object,
): object {
  const words = { title: expect.stringMatching(/./), detail: expect.stringMatching(/./) };
  return { type: `https://orders.example/problems/${code}`, status, code, traceId, instance, ...words, ...members };
}
