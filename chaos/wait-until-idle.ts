import { setTimeout as delay } from 'node:timers/promises';
import { historyStates } from '@shop/account-service/order-history/order-history.sql.ts';
import { readDigests } from '@shop/chassis/operations/reconciliation/digests.ts';
import { shopperOrderStates } from '@shop/order-service/shopper-orders/shopper-orders.sql.ts';
import type { BrokerView } from './broker.ts';
import type { Databases } from './databases.ts';
import type { Unfinished } from './evidence.ts';

/** Waits until no work is left; returns what is left at the deadline. */
export async function waitUntilIdle(
  databases: Databases,
  broker: BrokerView,
  withinMs: number,
  say: (text: string) => void,
): Promise<Unfinished> {
  const deadline = performance.now() + withinMs;
  let quietLooks = 0;
  let said = '';
  for (;;) {
    const left = await whatIsLeft(databases, broker).catch(
      (error: Error): Unfinished => ({ orders: [], places: [`could not be read: ${error.message}`] }),
    );
    // Twice, because a message that moves between two places may be seen in neither.
    quietLooks = left.orders.length === 0 && left.places.length === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2 || performance.now() > deadline) return left;
    const words = [...(left.orders.length > 0 ? [`${left.orders.length} orders wait`] : []), ...left.places].join(', ');
    if (words !== '' && words !== said) say(words);
    said = words;
    await delay(300);
  }
}

/** Orders that wait for a reply from inventory-service. */
export async function waitingOrders({ orders }: Databases): Promise<Unfinished['orders']> {
  const { rows } = await orders.query<{ id: string; awaiting: string }>(
    `SELECT id, coalesce(awaiting, 'outcome') AS awaiting FROM orders WHERE awaiting IS NOT NULL OR status = 'pending'`,
  );
  return rows;
}

async function whatIsLeft(databases: Databases, broker: BrokerView): Promise<Unfinished> {
  const orders = await waitingOrders(databases);
  const outboxes = await Promise.all(
    (['orders', 'inventory', 'accounts'] as const).map(async (name) => {
      const { rows } = await databases[name].query<{ count: number }>(
        'SELECT count(*)::integer AS count FROM outbox_messages',
      );
      return { place: `the outbox of ${name}`, count: rows[0]?.count ?? 0 };
    }),
  );
  const queues = (await broker.depths())
    .filter(({ queue }) => !queue.endsWith('.dead-letter')) // reported by another check
    .map(({ queue, messages }) => ({ place: `queue ${queue}`, count: messages }));
  const places = [...outboxes, ...queues]
    .filter(({ count }) => count > 0)
    .map(({ place, count }) => `${count} in ${place}`);
  const differing = await differingHistories(databases);
  return { orders, places: differing > 0 ? [...places, `${differing} parts of 256 of the order histories`] : places };
}

/** How many digests of the order histories differ from those of the orders. */
async function differingHistories({ orders, accounts }: Databases): Promise<number> {
  const theirs = await readDigests(orders, shopperOrderStates);
  const ours = await readDigests(accounts, historyStates);
  return theirs.filter((digest, bucket) => digest !== ours[bucket]).length;
}
