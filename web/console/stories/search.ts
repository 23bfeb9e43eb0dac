import { isId, isMailAddress } from './accounts.ts';

/** Where a search leads. */
export interface Destination {
  to: string;
  search?: Record<string, string>;
  /** Handed over beside the address, in which a mail address must not be. */
  state?: { email: string };
}

const ORDER_NUMBER = /^(?:ord-?)?([1-9][0-9]{0,14})$/i;

/** The page for what a person has in hand: an order's number or id, an account's mail address, else a customer's id. */
export function destinationOf(text: string): Destination | undefined {
  const words = text.trim();
  if (words === '') return undefined;
  const [, number] = ORDER_NUMBER.exec(words) ?? [];
  if (number !== undefined) return { to: `/orders/ORD-${number}` };
  if (isMailAddress(words)) return { to: '/accounts', state: { email: words } };
  if (isId(words)) return { to: `/orders/${words.toLowerCase()}` };
  return { to: '/orders', search: { customerId: words } };
}
