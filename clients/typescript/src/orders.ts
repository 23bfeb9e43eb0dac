import { type Caller, type CallOptions, pathTo, type WriteOptions } from './call.ts';
import { type Listing, makeListing } from './listing.ts';
import type { NewOrder, Order, Schemas, TimelineEntry } from './types.ts';

/** What placing an order takes besides. */
export type PlaceOptions = WriteOptions & {
  /** `false`: an order that is accepted, and whose stock is not decided yet, is given as it is, `pending`. */
  wait?: boolean;
};

/** Orders: placing, cancelling, shipping, delivering. */
export interface Orders {
  /** The order at its end: `confirmed`. A refusal such as `order-rejected` is thrown (`isRefusal`). */
  place(order: NewOrder, options?: PlaceOptions): Promise<Order>;
  /** The order as it is now. */
  get(id: string, options?: CallOptions): Promise<Order>;
  /** Newest first; a storefront sees its own. */
  list(query?: Schemas['ListOrdersQuery'], options?: CallOptions): Listing<Order>;
  /** What happened to the order, oldest first. */
  timeline(id: string, options?: CallOptions): Promise<TimelineEntry[]>;
  /** Ends an order that is not shipped; its units become available again. */
  cancel(id: string, body?: Schemas['CancelOrderBody'], options?: WriteOptions): Promise<Order>;
  /** The order has left the house. */
  ship(id: string, body: Schemas['ShipOrderBody'], options?: WriteOptions): Promise<Order>;
  /** The order has arrived. */
  deliver(id: string, options?: WriteOptions): Promise<Order>;
}

/** The operations on orders. */
export function ordersOf(caller: Caller): Orders {
  const change = async (path: string, body?: object, options?: WriteOptions) =>
    (await caller({ method: 'POST', path, body }, options)) as Order;
  return {
    async place(body, { wait = true, ...options } = {}) {
      return (await caller({ method: 'POST', path: '/orders', body, untilDecided: wait }, options)) as Order;
    },
    async get(id, options) {
      return (await caller({ method: 'GET', path: pathTo`/orders/${id}` }, options)) as Order;
    },
    list: (query, options) => makeListing(caller, '/orders', query, options),
    async timeline(id, options) {
      const answer = await caller({ method: 'GET', path: pathTo`/orders/${id}/timeline` }, options);
      return (answer as Schemas['ReadTimelineAnswer']).items;
    },
    cancel: async (id, body, options) => change(pathTo`/orders/${id}/cancellation`, body, options),
    ship: async (id, body, options) => change(pathTo`/orders/${id}/shipment`, body, options),
    deliver: async (id, options) => change(pathTo`/orders/${id}/delivery`, undefined, options),
  };
}
