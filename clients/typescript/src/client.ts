import { type Accounts, accountsOf } from './accounts.ts';
import { type CallOptions, makeCaller, makeTransport, pathTo } from './call.ts';
import { makeStreamer } from './events.ts';
import { type Me, meOf } from './me.ts';
import { type Notifications, notificationsOf } from './notifications.ts';
import { type Operations, operationsOf, type ServicePath } from './operations.ts';
import { type Orders, ordersOf } from './orders.ts';
import { type Products, productsOf } from './products.ts';
import { type Sessions, sessionsOf } from './sessions.ts';
import type { ClientSettings } from './settings.ts';
import type { Health, OrderWait, Reservation } from './types.ts';

/** The system, as this client may use it. Every function repeats what has no final answer, and throws a `ShopError`. */
export interface Client {
  accounts: Accounts;
  /** The account of the person whose access token this client has. */
  me: Me;
  notifications: Notifications;
  orders: Orders;
  products: Products;
  sessions: Sessions;
  /** Dead letters, reconciliation and events of a service, for API keys of the group `operations`; events for `backoffice` too. */
  operations(service: ServicePath): Operations;
  /** What an order waits for, if inventory-service has not answered; for `operations` too. */
  orderWait(orderId: string, options?: CallOptions): Promise<OrderWait>;
  /** The reservation of an order, which has the order's id; for `operations` too. */
  reservation(orderId: string, options?: CallOptions): Promise<Reservation>;
  /** How a service is; `down` is an answer, and not repeated. */
  health(service: ServicePath, options?: CallOptions): Promise<Health>;
  /** Its OpenAPI document. */
  document(service: ServicePath, options?: CallOptions): Promise<Record<string, unknown>>;
}

/** A client of the system at `baseUrl`. It holds no connections and need not be closed. */
export function createClient(settings: ClientSettings): Client {
  const transport = makeTransport(settings);
  const caller = makeCaller(transport);
  const streamer = makeStreamer(transport);
  return {
    accounts: accountsOf(caller),
    me: meOf(caller),
    notifications: notificationsOf(caller),
    orders: ordersOf(caller),
    products: productsOf(caller),
    sessions: sessionsOf(caller),
    operations: (service) => operationsOf(caller, streamer, service),
    async orderWait(orderId, options) {
      const path = pathTo`/operations/orders/waits/${orderId}`;
      return (await caller({ method: 'GET', path }, options)) as OrderWait;
    },
    async reservation(orderId, options) {
      const path = pathTo`/operations/inventory/reservations/${orderId}`;
      return (await caller({ method: 'GET', path }, options)) as Reservation;
    },
    async health(service, options) {
      // The gateway's own 503 has no status of the service, and is repeated.
      const isDown = (status: number, body: unknown) =>
        status === 503 && (body as Health | undefined)?.status === 'down';
      return (await caller({ method: 'GET', path: pathTo`/health/${service}`, isAnswer: isDown }, options)) as Health;
    },
    async document(service, options) {
      const answer = await caller({ method: 'GET', path: `/docs/${service}.json` }, options);
      return answer as Record<string, unknown>;
    },
  };
}
