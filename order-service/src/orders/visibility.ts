import { clientIdOf, type Principal, WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import type { Order } from './order.ts';

/** What the orders of an owner have in common: the client that placed them and, if the owner is a shopper, the customer. */
export interface Owner {
  clientId: string;
  customerId?: string;
}

/** Whose orders the principal sees; undefined if it sees all, like back office and operations. */
export function visibleOwner(principal: Principal): Owner | undefined {
  const visible = visibleOrders(principal);
  return visible === 'all' ? undefined : visible;
}

/** Whether the principal may see this order. */
export function isVisible(order: Pick<Order, 'clientId' | 'customerId'>, principal: Principal): boolean {
  const owner = visibleOwner(principal);
  if (!owner) return true;
  return order.clientId === owner.clientId && (owner.customerId ?? order.customerId) === order.customerId;
}

// A separate function, because its type excludes undefined: otherwise a kind missing in the switch would compile, and see
// all orders.
function visibleOrders(principal: Principal): Owner | 'all' {
  switch (principal.kind) {
    case 'machine':
      return seesAll(principal.groups) ? 'all' : { clientId: clientIdOf(principal) };
    case 'shopper':
      // Both: a machine may name any customer, but its orders are never a shopper's.
      return { clientId: WEB_CLIENT, customerId: principal.accountId };
    case 'staff':
      return seesAll(principal.roles) ? 'all' : { clientId: clientIdOf(principal) };
    case 'service':
      return { clientId: clientIdOf(principal) };
  }
}

function seesAll(groups: readonly string[]): boolean {
  return groups.includes('backoffice') || groups.includes('operations');
}
