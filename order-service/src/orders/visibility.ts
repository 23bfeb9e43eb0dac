import { clientIdOf, type Principal } from '@shop/chassis/edge/principal.ts';
import type { Order } from './order.ts';

/** The only client whose orders the principal sees; undefined if it sees all, like back office and operations. */
export function visibleOwner(principal: Principal): string | undefined {
  return seesAll(principal) ? undefined : clientIdOf(principal);
}

/** Whether the principal may see this order. */
export function isVisible(order: Order, principal: Principal): boolean {
  const owner = visibleOwner(principal);
  return owner === undefined || order.clientId === owner;
}

// A separate function, because its type excludes undefined: otherwise a kind missing in the switch would compile, and see
// all orders.
function seesAll(principal: Principal): boolean {
  switch (principal.kind) {
    case 'machine':
      return principal.groups.includes('backoffice') || principal.groups.includes('operations');
    case 'service':
      return false;
  }
}
