/** Where a search leads. */
export interface Destination {
  to: string;
  search?: Record<string, string>;
}

const ORDER_NUMBER = /^(?:ord-?)?([1-9][0-9]{0,14})$/i;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The page for what a person has in hand: an order's number or id, else a customer's id. */
export function destinationOf(text: string): Destination | undefined {
  const words = text.trim();
  if (words === '') return undefined;
  const [, number] = ORDER_NUMBER.exec(words) ?? [];
  if (number !== undefined) return { to: `/orders/ORD-${number}` };
  if (ID.test(words)) return { to: `/orders/${words.toLowerCase()}` };
  return { to: '/orders', search: { customerId: words } };
}
