import { clientIdOf, type Principal } from '@shop/chassis/edge/principal.ts';
import type { Order } from './order.ts';

/** The only client whose orders the principal sees, or undefined if it sees all: back office and operations do. */
export function visibleOwner(principal: Principal): string | undefined {
  return seesAll(principal) ? undefined : clientIdOf(principal);
}

/** Whether this order exists for the principal. */
export function isVisible(order: Order, principal: Principal): boolean {
  const owner = visibleOwner(principal);
  return owner === undefined || order.clientId === owner;
}

// Of its own, because its type has no undefined: where it has, a kind that is forgotten in a switch compiles, and sees all.
function seesAll(principal: Principal): boolean {
  switch (principal.kind) {
    case 'machine':
      return principal.groups.includes('backoffice') || principal.groups.includes('operations');
    case 'service':
      return false;
  }
}
