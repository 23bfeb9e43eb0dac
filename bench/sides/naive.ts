import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { countBusySessions, countRows, readSettings } from './databases.ts';
import { type RunningService, startDatabase, startService } from './parts.ts';
import type { Ground, Side } from './side.ts';

// The default of the services.
const POOL_SIZE = '10';
const IDLE_WITHIN_MS = 60_000;

/** The usual implementation; see its README. */
export async function startNaive(ground: Ground): Promise<Side> {
  const folder = join(repositoryRoot(), 'bench', 'naive');
  // One at a time, so that if one fails, no other is still starting during the shutdown.
  const orders = await startDatabase(ground, 'orders');
  const inventory = await startDatabase(ground, 'inventory');
  for (const [{ url }, file] of [
    [orders, 'orders.sql'],
    [inventory, 'inventory.sql'],
  ] as const) {
    await withClient(url, (client) => client.query(readFileSync(join(folder, file), 'utf8')));
  }
  const start = async (name: string, database: string, more: Record<string, string>) => {
    const environment = { DATABASE_URL: database, DATABASE_POOL_SIZE: POOL_SIZE, ...more };
    const started: RunningService[] = [];
    while (started.length < ground.processes) {
      const part = `${name}-${started.length + 1}`;
      started.push(await startService(ground, part, `bench/naive/${name}-service.ts`, environment));
    }
    return started;
  };
  const inventories = await start('inventory', inventory.url, {});
  const entrances = await start('order', orders.url, { INVENTORY_URL: inventories.map(({ url }) => url).join(',') });
  return {
    entrances: {
      shop: {
        targets: entrances.map(({ url }) => url),
        headers: { 'content-type': 'application/json', 'x-consumer-custom-id': 'bench' },
      },
    },
    services: new Map([
      ...entrances.map((service, index) => [`order-${index + 1}`, service] as const),
      ...inventories.map((service, index) => [`inventory-${index + 1}`, service] as const),
    ]),
    databases: [orders.pid, inventory.pid],
    addProducts: async (skus, units) => {
      const text = 'INSERT INTO stock (sku, on_hand) SELECT sku, $2 FROM unnest($1::text[]) AS sku';
      await withClient(inventory.url, (client) => client.query(text, [skus, units]));
    },
    countOrders: () => countRows(orders.url, 'orders'),
    // Aborted requests hold locks and connections until they are finished.
    waitUntilIdle: async () => {
      await eventually(async () => {
        const busy = await Promise.all([orders.url, inventory.url].map(countBusySessions));
        return busy.every((count) => count === 0) || undefined;
      }, IDLE_WITHIN_MS);
    },
    describe: async () => ({
      'order-db': await readSettings('order-db', orders.url),
      'inventory-db': await readSettings('inventory-db', inventory.url),
    }),
  };
}
