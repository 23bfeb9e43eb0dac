import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@shop/chassis/base/fault.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { type System, serviceProcesses } from '@shop/local/parts.ts';
import type pg from 'pg';
import type { BrokerView } from './broker.ts';
import { CONNECTION_TOLERANCE } from './checker.ts';
import type { Databases } from './databases.ts';
import type { ConnectionCount } from './evidence.ts';

// The pools close connections that were idle for 10 s; the broker takes as long to drop a silent client.
const TIMEOUT_MS = 25_000;
const INTERVAL_MS = 1_000;

type Counts = Map<string, number>;

/** Connections of the services to databases and broker, and the broker's channels. */
async function countConnections(databases: Databases, broker: BrokerView): Promise<Counts> {
  const { connections, channels } = await broker.clients();
  return new Map([
    ['order-db', await connectionsOf(databases.orders, 'order_service')],
    ['inventory-db', await connectionsOf(databases.inventory, 'inventory_service')],
    ['account-db', await connectionsOf(databases.accounts, 'account_service')],
    ['broker', connections],
    ['channels of the broker', channels],
  ]);
}

/** The maximum within this time, after all processes have connected to the broker. */
export async function connectionsBefore(
  { databases, broker, system }: { databases: Databases; broker: BrokerView; system: System },
  forMs: number,
): Promise<Counts> {
  const processes = serviceProcesses(system.plan).length;
  const areAllThere = async () => {
    const { connections } = await broker.clients();
    if (connections >= processes) return true;
    throw new Fault(`The broker knows ${connections} of ${processes} processes. Logs are kept in ${system.folder}`);
  };
  await eventually(areAllThere, 30_000);
  const most: Counts = new Map();
  for (const until = performance.now() + forMs; performance.now() < until || most.size === 0; ) {
    const counts = await countConnections(databases, broker);
    for (const [place, count] of counts) most.set(place, Math.max(count, most.get(place) ?? 0));
    await delay(200);
  }
  return most;
}

/** Compares with the count before, as soon as it is reached again or the time is over. */
export async function connectionsAfter(
  databases: Databases,
  broker: BrokerView,
  before: Counts,
): Promise<ConnectionCount[]> {
  for (const deadline = performance.now() + TIMEOUT_MS; ; ) {
    const after = await countConnections(databases, broker);
    const counts = [...before].map(([place, count]) => ({ place, before: count, after: after.get(place) ?? 0 }));
    const isBack = counts.every((one) => one.after <= one.before + CONNECTION_TOLERANCE);
    if (isBack || performance.now() > deadline) return counts;
    await delay(INTERVAL_MS);
  }
}

async function connectionsOf(pool: pg.Pool, role: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM pg_stat_activity WHERE usename = $1',
    [role],
  );
  return rows[0]?.count ?? 0;
}
