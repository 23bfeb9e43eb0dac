import { relative } from 'node:path';
import { pendingOrders, startInventory, stopInventory, untilSent } from '@shop/chaos/backlog.ts';
import { connectDatabases } from '@shop/chaos/databases.ts';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { brokerOf, databaseUrl, scriptVariables, serviceUrls, urlOf } from '@shop/local/addresses.ts';
import { localFolder } from '@shop/local/folders.ts';
import { partOf, type System } from '@shop/local/parts.ts';
import { processNames } from '@shop/local/plan.ts';
import { managementUrl } from '@shop/local/servers/rabbitmq.ts';
import { countRows, insertProducts, readSettings } from './databases.ts';
import { partPid } from './parts.ts';
import type { Ground, Outage, Side } from './side.ts';

const IDLE_WITHIN_MS = 60_000;

/**
 * The services as run by `npm start`, with everything enabled; called at their own ports as by the gateway, or through
 * it.
 */
export async function startOurs(ground: Ground): Promise<Side> {
  const system = await startOwnSystem(relative(localFolder(), ground.folder), undefined, ground.processes);
  ground.atEnd(() => endOwnSystem(system, false));
  ground.interrupted.throwIfAborted();
  const { plan, secrets } = system;
  const pid = (name: string) => partPid(partOf(system, name));
  const owners = {
    orders: databaseUrl(plan, secrets, 'order', 'owner'),
    inventory: databaseUrl(plan, secrets, 'inventory', 'owner'),
  };
  const services: Side['services'] = new Map();
  const findServices = () => {
    const names = (['order', 'inventory'] as const).flatMap((name) => processNames(name, plan.processes[name]));
    for (const name of names) services.set(name, { pid: pid(name), log: partOf(system, name).log });
  };
  findServices();
  return {
    entrances: entrancesOf(system),
    services,
    databases: [pid('order-db'), pid('inventory-db')],
    broker: pid('broker'),
    gateway: pid('gateway'),
    addProducts: (skus, units) => insertProducts(owners.inventory, skus, units),
    countOrders: () => countRows(owners.orders, 'orders'),
    waitUntilIdle: async () => {
      await eventually(async () => {
        const waiting = await Promise.all(Object.values(owners).map((url) => countRows(url, 'outbox_messages')));
        return waiting.every((count) => count === 0) || undefined;
      }, IDLE_WITHIN_MS);
    },
    describe: async () => ({
      'order-db': await readSettings('order-db', databaseUrl(plan, secrets, 'order', 'service')),
      'inventory-db': await readSettings('inventory-db', databaseUrl(plan, secrets, 'inventory', 'service')),
      broker: { rabbitmq_version: await brokerVersion(managementUrl(brokerOf(plan, secrets, ''))) },
    }),
    outage: outageOf(system, ground, findServices),
    owners,
  };
}

function entrancesOf({ plan, secrets }: System): Side['entrances'] {
  const { GATEWAY_TOKEN = '', STOREFRONT_KEY = '' } = scriptVariables(plan, secrets);
  const type = { 'content-type': 'application/json' };
  const asGateway = (groups: string) => ({
    ...type,
    'x-gateway-token': GATEWAY_TOKEN,
    'x-consumer-custom-id': 'bench',
    'x-consumer-groups': groups,
  });
  return {
    shop: { targets: serviceUrls(plan, 'order'), headers: asGateway('storefront') },
    backOffice: { targets: serviceUrls(plan, 'order'), headers: asGateway('backoffice') },
    stock: { targets: serviceUrls(plan, 'inventory'), headers: asGateway('backoffice') },
    gateway: { targets: [urlOf(plan, 'gateway')], headers: { ...type, apikey: STOREFRONT_KEY } },
  };
}

function outageOf(system: System, ground: Ground, onRestart: () => void): Outage {
  const databases = connectDatabases(system);
  ground.atEnd(databases.close);
  return {
    begin: () => stopInventory(system),
    queued: () => untilSent(databases),
    end: async () => {
      await startInventory(system, ground.interrupted);
      onRestart();
    },
    countPending: () => pendingOrders(databases),
  };
}

async function brokerVersion(management: string): Promise<string> {
  const { username, password, origin } = new URL(management);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(`${origin}/api/overview`, { headers: { authorization } });
  return ((await response.json()) as { rabbitmq_version: string }).rabbitmq_version;
}
