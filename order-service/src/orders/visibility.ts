import { clientIdOf, type Principal } from '@shop/chassis/edge/principal.ts';
import type { Order } from './order.ts';

/** The only client whose orders the principal sees, or undefined if it sees all: back office and operations do. */
export function visibleOwner(principal: Principal): string | undefined {
  switch (principal.kind) {
    case 'machine':
      return seesAll(principal.groups) ? undefined : principal.clientId;
    case 'service':
      return clientIdOf(principal);
  }
}

/** Whether this order exists for the principal. */
export function isVisible(order: Order, principal: Principal): boolean {
  const owner = visibleOwner(principal);
  return owner === undefined || order.clientId === owner;
}

function seesAll(groups: readonly string[]): boolean {
  return groups.includes('backoffice') || groups.includes('operations');
}
