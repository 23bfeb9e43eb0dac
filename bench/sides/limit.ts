import { join } from 'node:path';
import { migrate } from '@shop/chassis/base/db/migrate.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { newSecret } from '@shop/local/secrets.ts';
import { countRows, insertProducts, readSettings } from './databases.ts';
import { startDatabase } from './parts.ts';
import type { Ground, Side } from './side.ts';

/** The tables of the services on separate servers, for the rows that `limit/` writes by SQL alone. */
export async function startLimit(ground: Ground): Promise<Side> {
  const orders = await startDatabase(ground, 'orders');
  const inventory = await startDatabase(ground, 'inventory');
  await makeTables('order-service', orders.url);
  await makeTables('inventory-service', inventory.url);
  return {
    entrances: { shop: { targets: [orders.url, inventory.url], headers: {} } },
    services: new Map(),
    databases: [orders.pid, inventory.pid],
    addProducts: (skus, units) => insertProducts(inventory.url, skus, units),
    countOrders: () => countRows(orders.url, 'orders'),
    waitUntilIdle: async () => {},
    describe: async () => ({
      'order-db': await readSettings('order-db', orders.url),
      'inventory-db': await readSettings('inventory-db', inventory.url),
    }),
  };
}

async function makeTables(service: string, ownerUrl: string): Promise<void> {
  const application = new URL(ownerUrl);
  application.username = service.replace('-', '_');
  application.password = newSecret();
  const directory = join(repositoryRoot(), service, 'migrations');
  await migrate({ ownerUrl, applicationUrl: application.href, directory }, 'up');
}
