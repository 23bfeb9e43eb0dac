import { Fault } from '@shop/chassis/base/fault.ts';
import { ask, expectSuccess } from '../ask.ts';
import type { DeadLetter } from '../dead-letters/operations.ts';
import type { ServiceName } from '../dead-letters/options.ts';
import { connectGateway } from '../gateway.ts';
import type { LookUp } from '../variables.ts';

export interface Line {
  sku: string;
  quantity: number;
  unitPrice?: number;
}

export interface Shortage {
  sku: string;
  requested: number;
  available: number;
  reason: string;
}

export type OrderStatus = 'pending' | 'confirmed' | 'rejected' | 'cancelled' | 'shipped' | 'delivered';
export interface Order {
  id: string;
  number: string;
  clientId: string;
  customerId: string;
  currency: string;
  lines: Line[];
  status: OrderStatus;
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface TimelineEntry {
  type: string;
  at: string;
  actor: string;
  correlationId: string;
  /** Present when the trace id differs from the request id. */
  traceId?: string;
  detail?: Record<string, unknown>;
  replays?: number;
}

export interface Reservation {
  state: 'held' | 'fulfilled' | 'released' | 'rejected';
  lines: Line[];
  shortages?: Shortage[];
  createdAt: string;
  updatedAt: string;
}

export interface Wait {
  awaiting: 'reservation' | 'release' | 'fulfilment';
  since: string;
  asks: number;
  askAgainAt: string;
  isUnsent: boolean;
}

export interface Mismatch {
  kind: string;
  expected: unknown;
  found: unknown;
  because: string;
  proposal: string;
}

/** Everything that the API shows to an operator about one order. */
export interface Story {
  order: Order;
  timeline: TimelineEntry[];
  /** The trace id of the request that placed it, as in logs and traces. */
  traceId?: string;
  /** The id of that request, `traceId` in its problems; equal to the trace id unless the gateway starts its own traces. */
  requestId?: string;
  /** Absent when inventory-service was never asked, or is not available now. */
  reservation?: Reservation;
  /** Absent when no reply from inventory-service is awaited. */
  wait?: Wait;
  /** When all of this was read, by the local clock. */
  readAt: string;
  deadLetters: (DeadLetter & { service: string })[];
  /** What the last reconciliation reported for this order. */
  mismatches: Mismatch[];
  /** Parts that a service could not provide, with the reason; they are missing in the story. */
  unanswered: {
    about: 'reservation' | 'wait' | 'dead letters' | 'reconciliation';
    service: ServiceName;
    reason: string;
  }[];
}

// A part whose service is down is left out: the operator may be repairing that service.
const PATIENCE_FOR_PARTS_MS = 2_000;

/** Reads an order and everything that belongs to it. */
export async function readStory(named: { number: string } | { id: string }, lookUp: LookUp): Promise<Story> {
  const { BASE_URL: baseUrl, OPERATIONS_KEY: apiKey } = lookUp('BASE_URL', 'OPERATIONS_KEY');
  const gateway = connectGateway(baseUrl, 4);
  const get = (path: string, patienceMs?: number) => ask(gateway, { method: 'GET', path, apiKey }, patienceMs);

  async function findOrder(): Promise<Order> {
    if ('number' in named) {
      const { items } = expectSuccess(await get(`/orders?number=${named.number}`)) as { items: Order[] };
      if (!items[0]) throw new Fault(`No order ${named.number}.`);
      return items[0];
    }
    const answer = await get(`/orders/${named.id}`);
    if (answer.code === 'order-not-found') throw new Fault(`No order with the id ${named.id}.`);
    return expectSuccess(answer) as Order;
  }

  async function findReservation(id: string): Promise<Reservation | undefined> {
    const answer = await get(`/operations/inventory/reservations/${id}`, PATIENCE_FOR_PARTS_MS);
    return answer.code === 'reservation-not-found' ? undefined : (expectSuccess(answer) as Reservation);
  }

  async function findWait(id: string): Promise<Wait | undefined> {
    const answer = await get(`/operations/orders/waits/${id}`, PATIENCE_FOR_PARTS_MS);
    return (expectSuccess(answer) as { wait?: Wait }).wait;
  }

  async function listDeadLetters(id: string, service: ServiceName): Promise<Story['deadLetters']> {
    const path = `/operations/${service}/dead-letters?subjectId=${id}&limit=100`;
    const { items } = expectSuccess(await get(path, PATIENCE_FOR_PARTS_MS)) as { items: DeadLetter[] };
    return items.map((letter) => ({ service, ...letter }));
  }

  async function listMismatches(id: string): Promise<Mismatch[]> {
    const answer = await get('/operations/orders/reconciliation?limit=100', PATIENCE_FOR_PARTS_MS);
    const { mismatches } = expectSuccess(answer) as { mismatches: (Mismatch & { subject: string })[] };
    return mismatches.filter(({ subject }) => subject === id);
  }

  try {
    const order = await findOrder();
    const { items: timeline } = expectSuccess(await get(`/orders/${order.id}/timeline`)) as { items: TimelineEntry[] };
    const unanswered: Story['unanswered'] = [];
    type Part = Pick<Story['unanswered'][number], 'about' | 'service'>;
    const unless = <T, U>(part: Part, asked: Promise<T>, instead: U) =>
      asked.catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        unanswered.push({ ...part, reason: error.message });
        return instead;
      });
    const [reservation, wait, ofOrders, ofInventory, mismatches] = await Promise.all([
      unless({ about: 'reservation', service: 'inventory' }, findReservation(order.id), undefined),
      unless({ about: 'wait', service: 'orders' }, findWait(order.id), undefined),
      unless({ about: 'dead letters', service: 'orders' }, listDeadLetters(order.id, 'orders'), []),
      unless({ about: 'dead letters', service: 'inventory' }, listDeadLetters(order.id, 'inventory'), []),
      unless({ about: 'reconciliation', service: 'orders' }, listMismatches(order.id), []),
    ]);
    const placed = timeline.find(({ type }) => type === 'placed');
    const traceId = placed?.traceId ?? placed?.correlationId;
    return {
      order,
      timeline,
      traceId,
      requestId: placed?.correlationId,
      reservation,
      wait,
      readAt: new Date().toISOString(),
      deadLetters: [...ofOrders, ...ofInventory],
      mismatches,
      unanswered,
    };
  } finally {
    await gateway.close();
  }
}
