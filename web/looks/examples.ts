import type { Client, Order } from '../../clients/typescript/src/index.ts';
import type { Examples } from './views.ts';

const statuses = ['confirmed', 'rejected', 'shipped', 'cancelled', 'pending'] as const satisfies Order['status'][];

/** What this system has to show. */
export async function findExamples({ orders, products, accounts, operations }: Client): Promise<Examples> {
  const found: Examples = {};
  for (const status of statuses) {
    const { items } = await orders.list({ status, limit: 20 }).page();
    // The more lines, the more to look at.
    found[status] = items.sort((one, other) => other.lines.length - one.lines.length)[0]?.number;
  }
  found.product = (await products.list({ limit: 1 }).page()).items[0]?.sku;
  found.account = (await accounts.staff({ limit: 1 }).page()).items[0]?.id;
  for (const service of ['inventory', 'orders']) {
    const { items } = await operations(service).deadLetters({ status: 'open', limit: 1 }).page();
    const [letter] = items;
    if (letter === undefined) continue;
    found.letter = `${service}/${letter.id}`;
    found.group = `${service}?group=${encodeURIComponent(letter.group)}`;
    break;
  }
  return found;
}
