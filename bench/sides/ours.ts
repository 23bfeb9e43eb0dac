import { relative } from 'node:path';
import { pendingOrders, startInventory, stopInventory, untilSent } from '@shop/chaos/backlog.ts';
import { connectDatabases } from '@shop/chaos/databases.ts';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { brokerOf, databaseUrl, scriptVariables, serviceUrls, urlOf } from '@shop/local/addresses.ts';
import { localFolder } from '@shop/local/folders.ts';
import { partOf, type System } from '@shop/local/parts.ts';
import { processNames } from '@shop/local/plan.ts';
import { managementUrl } from '@shop/local/servers/rabbitmq.ts';
import { type ServiceName, serviceNamed } from '../../services.ts';
import { countRows, insertProducts, readSettings, sumVersions } from './databases.ts';
import { partPid } from './parts.ts';
import type { Ground, Outage, Side } from './side.ts';

const CLIENT = 'bench';
const IDLE_WITHIN_MS = 60_000;

/**
 * Makes all orders those of shoppers, as long as there is no route that places them: what order-service writes of its client
 * becomes that of `web`, so that account-service keeps their histories. It costs some microseconds an order.
 */
const AS_OF_SHOPPERS = /* sql */ `
  CREATE FUNCTION bench_of_shopper() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.client_id := '${WEB_CLIENT}'; RETURN NEW; END $$;
  CREATE FUNCTION bench_event_of_shopper() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.body := replace(NEW.body, '"clientId":"${CLIENT}"', '"clientId":"${WEB_CLIENT}"'); RETURN NEW; END $$;
  CREATE TRIGGER bench BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION bench_of_shopper();
  CREATE TRIGGER bench BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION bench_of_shopper();
  CREATE TRIGGER bench BEFORE INSERT ON outbox_messages FOR EACH ROW EXECUTE FUNCTION bench_event_of_shopper()`;

/** The same, with orders of shoppers: account-service, which keeps their histories, is a part of what is measured. */
export async function startOursForShoppers(ground: Ground): Promise<Side> {
  const system = await startSystem(ground);
  const side = oursIn(system, ground, ['order', 'inventory', 'account']);
  const histories = databaseUrl(system.plan, system.secrets, 'account', 'owner');
  await withClient(side.owners.orders, (client) => client.query(AS_OF_SHOPPERS));
  return {
    ...side,
    async waitUntilIdle() {
      await side.waitUntilIdle();
      const versions = await sumVersions(side.owners.orders, 'orders');
      const isComplete = async () => (await sumVersions(histories, 'order_history')) === versions || undefined;
      await eventually(isComplete, IDLE_WITHIN_MS);
    },
  };
}

/**
 * The services as run by `npm start`, with everything enabled; called at their own ports as by the gateway, or through
 * it.
 */
export async function startOurs(ground: Ground): Promise<Side> {
  return oursIn(await startSystem(ground), ground, ['order', 'inventory']);
}

async function startSystem(ground: Ground): Promise<System> {
  const system = await startOwnSystem(relative(localFolder(), ground.folder), undefined, ground.processes);
  ground.atEnd(() => endOwnSystem(system, false));
  ground.interrupted.throwIfAborted();
  return system;
}

/** The side of these services. */
function oursIn(
  system: System,
  ground: Ground,
  measured: readonly ServiceName[],
): Side & Required<Pick<Side, 'owners'>> {
  const { plan, secrets } = system;
  const pid = (name: string) => partPid(partOf(system, name));
  const owners = {
    orders: databaseUrl(plan, secrets, 'order', 'owner'),
    inventory: databaseUrl(plan, secrets, 'inventory', 'owner'),
  };
  const services: Side['services'] = new Map();
  const findServices = () => {
    const names = measured.flatMap((name) => processNames(name, plan.processes[name]));
    for (const name of names) services.set(name, { pid: pid(name), log: partOf(system, name).log });
  };
  findServices();
  return {
    entrances: entrancesOf(system),
    services,
    databases: measured.map((name) => pid(serviceNamed(name).database.server)),
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
    'x-consumer-custom-id': CLIENT,
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
