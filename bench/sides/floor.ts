import { startService } from './parts.ts';
import { type Ground, type Side, withoutDatabases } from './side.ts';

const headers = { 'content-type': 'application/json', 'x-consumer-custom-id': 'bench' };

/** Express that calls Express, without a database. */
export async function startFloor(ground: Ground): Promise<Side> {
  const back = await startService(ground, 'back', 'bench/floor/back.ts');
  const front = await startService(ground, 'front', 'bench/floor/front.ts', { BACK_URL: back.url });
  const services = new Map([
    ['order-1', front],
    ['inventory-1', back],
  ]);
  return { ...withoutDatabases(), entrances: { shop: { targets: [front.url], headers } }, services };
}

/** Express alone, without a second hop. */
export async function startOneHop(ground: Ground): Promise<Side> {
  const service = await startService(ground, 'one-hop', 'bench/floor/back.ts');
  const entrances = { shop: { targets: [service.url], headers } };
  return { ...withoutDatabases(), entrances, services: new Map([['order-1', service]]) };
}
