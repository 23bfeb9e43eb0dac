import { Fault } from '@shop/chassis/base/fault.ts';
import {
  type DeadLetter,
  isRefusal,
  type Order,
  type OrderWait,
  type Reservation,
  type Schemas,
  type TimelineEntry,
} from '../../../clients/typescript/src/index.ts';
import { ask, connectClient, toFault } from '../ask.ts';
import type { ServiceName } from '../dead-letters/options.ts';
import type { LookUp } from '../variables.ts';

type Mismatch = Schemas['Mismatch'];
export type Wait = NonNullable<OrderWait['wait']>;

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
const PART = { deadlineMs: 4_000 };

/** Reads an order and everything that belongs to it. */
export async function readStory(named: { number: string } | { id: string }, lookUp: LookUp): Promise<Story> {
  const client = connectClient(lookUp);

  async function findOrder(): Promise<Order> {
    if ('number' in named) {
      const { items } = await ask(client.orders.list({ number: named.number }).page());
      if (!items[0]) throw new Fault(`No order ${named.number}.`);
      return items[0];
    }
    try {
      return await client.orders.get(named.id);
    } catch (error) {
      throw isRefusal(error, 'order-not-found') ? new Fault(`No order with the id ${named.id}.`) : toFault(error);
    }
  }

  async function findReservation(id: string): Promise<Reservation | undefined> {
    try {
      return await client.reservation(id, PART);
    } catch (error) {
      if (isRefusal(error, 'reservation-not-found')) return undefined;
      throw toFault(error);
    }
  }

  async function findWait(id: string): Promise<Wait | undefined> {
    return (await ask(client.orderWait(id, PART))).wait;
  }

  async function listDeadLetters(id: string, service: ServiceName): Promise<Story['deadLetters']> {
    const list = client.operations(service).deadLetters({ subjectId: id, limit: 100 }, PART);
    const { items } = await ask(list.page());
    return items.map((letter) => ({ service, ...letter }));
  }

  async function listMismatches(id: string): Promise<Mismatch[]> {
    const { mismatches } = await ask(client.operations('orders').reconciliation({ limit: 100 }, PART));
    return mismatches.filter(({ subject }) => subject === id);
  }

  const order = await findOrder();
  const timeline = await ask(client.orders.timeline(order.id));
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
}
