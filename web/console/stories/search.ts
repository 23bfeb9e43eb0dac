import { isId, isMailAddress } from './accounts.ts';

/** Where a search leads. */
export interface Destination {
  to: string;
  search?: Record<string, string>;
  /** Handed over beside the address, in which a mail address must not be. */
  state?: { email: string };
}

const ORDER_NUMBER = /^(?:ord-?)?([1-9][0-9]{0,14})$/i;
const SKU = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;

/** Whether a product may have this SKU. */
export function isSku(text: string): boolean {
  return SKU.test(text);
}

/** The SKUs that a person may mean, the likeliest first; none if it is an order's number or id. */
export function skusIn(text: string): string[] {
  const words = text.trim();
  if (!isSku(words) || ORDER_NUMBER.test(words) || isId(words)) return [];
  return [...new Set([words, words.toUpperCase()])];
}

/** The page for what a person has in hand: an order's number or id, the SKU of a product, an account's mail address, else a customer's id. */
export function destinationOf(text: string, skuOfProduct?: string): Destination | undefined {
  const words = text.trim();
  if (words === '') return undefined;
  const [, number] = ORDER_NUMBER.exec(words) ?? [];
  if (number !== undefined) return { to: `/orders/ORD-${number}` };
  if (isMailAddress(words)) return { to: '/accounts', state: { email: words } };
  if (isId(words)) return { to: `/orders/${words.toLowerCase()}` };
  return { to: '/orders', search: skuOfProduct === undefined ? { customerId: words } : { sku: skuOfProduct } };
}
