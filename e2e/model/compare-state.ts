import { eventually } from '@shop/chassis/testing/eventually.ts';
import { allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { catchUp, list, type Run, read } from './commands.ts';
import type { Order } from './order.ts';
import type { Shop } from './shop.ts';

/** Compares the final state with the model: responses of the services, their tables, and the events. */
export async function compareState(shop: Shop, run: Run, events: Events): Promise<void> {
  if (!shop.isReachable()) {
    run.services.restoreInventory();
    shop.comeBack();
  }
  await catchUp(shop, run);
  for (const { id } of shop.orders) {
    const caller = 'back' as const;
    await read(run, { service: 'orders', path: `/orders/${id}`, caller }, (requestId) =>
      shop.orderAsSeenBy(id, caller, requestId),
    );
    await read(run, { service: 'orders', path: `/orders/${id}/timeline`, caller }, (requestId) =>
      shop.timelineAsSeenBy(id, caller, requestId),
    );
  }
  for (const name of ['ada', 'bob'] as const) {
    const listed = await list(run, name, { limit: 100 });
    expect(listed.map(({ id }) => id)).toEqual(shop.ordersAsSeenBy(name, {}).map(({ id }) => id));
  }
  for (const { sku } of shop.products.values()) {
    const call = { service: 'inventory' as const, caller: 'back' as const };
    await read(run, { ...call, path: `/products/${sku}` }, (requestId) => shop.product(sku, requestId));
    await read(run, { ...call, path: `/products/${sku}/movements?limit=100` }, (requestId) =>
      shop.movements(sku, requestId),
    );
  }
  await compareReservations(shop, run);
  await compareEvents(shop, events);
  for (const database of [run.services.orderDb, run.services.inventoryDb]) {
    expect((await database.query('SELECT reason, history FROM dead_letters')).rows).toEqual([]);
  }
}

async function compareReservations(shop: Shop, { services }: Run): Promise<void> {
  const { rows } = await services.inventoryDb.query<{ id: string; state: string }>(
    'SELECT id, state FROM reservations WHERE id = ANY ($1::uuid[])',
    [shop.orders.map(({ id }) => id)],
  );
  const states = (all: { id: string; state?: string }[]) => Object.fromEntries(all.map(({ id, state }) => [id, state]));
  expect(states(rows)).toEqual(states(shop.orders.map(({ id, reservation }) => ({ id, state: reservation }))));
}

/** The versions and types of an order's events, in order of arrival. */
export type Events = Map<string, string[]>;

/** The expected events: one for each change of status, delivered once because there are no faults. */
async function compareEvents(shop: Shop, events: Events): Promise<void> {
  const stepsOf = ({ timeline }: Order) => timeline.map(({ type }) => type).filter((type) => type !== 'queued');
  const expected = shop.orders.map((order) => stepsOf(order).map((type, index) => `${index + 1} order.${type}`));
  const actual = () => shop.orders.map(({ id }) => (events.get(id) ?? []).toSorted());
  await eventually(() => {
    expect(actual()).toEqual(expected);
    return true;
  }, 10_000);
}

/** Compares the number of replays of each order, once the counts are written. */
export async function compareReplays(orders: readonly Order[], { orderDb }: Run['services']): Promise<void> {
  const expected = Object.fromEntries(orders.map(({ id, replays }) => [id, replays]));
  await eventually(async () => {
    const ofOrders = (await allKeys(orderDb)).filter(({ resourceId }) => resourceId !== null);
    expect(Object.fromEntries(ofOrders.map(({ resourceId, replays }) => [resourceId, replays]))).toEqual(expected);
    return true;
  }, 5_000);
}
