import { relative } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { brokerOf, databaseUrl, scriptVariables, serviceUrls } from '@shop/local/addresses.ts';
import { endOwnSystem, startOwnSystem } from '@shop/local/chaos/own-system.ts';
import { localFolder } from '@shop/local/folders.ts';
import { partOf } from '@shop/local/parts.ts';
import { processNames } from '@shop/local/plan.ts';
import { managementUrl } from '@shop/local/servers/rabbitmq.ts';
import { countRows, insertProducts, readSettings } from './databases.ts';
import { partPid } from './parts.ts';
import type { Ground, Side } from './side.ts';

const SETTLED_WITHIN_MS = 60_000;

/** The services as `npm start` runs them, everything on; asked at order-service's own port, as the gateway would. */
export async function startOurs(ground: Ground): Promise<Side> {
  const system = await startOwnSystem(relative(localFolder(), ground.folder), undefined, ground.processes);
  ground.atEnd(() => endOwnSystem(system, false));
  ground.interrupted.throwIfAborted();
  const { plan, secrets } = system;
  const names = (['order', 'inventory'] as const).flatMap((name) => processNames(name, plan.processes[name]));
  const pid = (name: string) => partPid(partOf(system, name));
  const orderDb = databaseUrl(plan, secrets, 'order', 'owner');
  const inventoryDb = databaseUrl(plan, secrets, 'inventory', 'owner');
  return {
    targets: serviceUrls(plan, 'order'),
    headers: {
      'content-type': 'application/json',
      'x-gateway-token': scriptVariables(plan, secrets).GATEWAY_TOKEN ?? '',
      'x-consumer-custom-id': 'bench',
      'x-consumer-groups': 'storefront',
    },
    services: new Map(names.map((name) => [name, pid(name)])),
    databases: [pid('order-db'), pid('inventory-db')],
    broker: pid('broker'),
    addProducts: (skus, units) => insertProducts(inventoryDb, skus, units),
    countOrders: () => countRows(orderDb, 'orders'),
    settle: async () => {
      await eventually(async () => {
        const waiting = await Promise.all([orderDb, inventoryDb].map((url) => countRows(url, 'outbox_messages')));
        return waiting.every((count) => count === 0) || undefined;
      }, SETTLED_WITHIN_MS);
    },
    describe: async () => ({
      'order-db': await readSettings('order-db', databaseUrl(plan, secrets, 'order', 'service')),
      'inventory-db': await readSettings('inventory-db', databaseUrl(plan, secrets, 'inventory', 'service')),
      broker: { rabbitmq_version: await brokerVersion(managementUrl(brokerOf(plan, secrets, ''))) },
    }),
  };
}

async function brokerVersion(management: string): Promise<string> {
  const { username, password, origin } = new URL(management);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(`${origin}/api/overview`, { headers: { authorization } });
  return ((await response.json()) as { rabbitmq_version: string }).rabbitmq_version;
}
