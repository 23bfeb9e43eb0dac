import { scriptVariables } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import pg from 'pg';

export interface Databases {
  orders: pg.Pool;
  inventory: pg.Pool;
  accounts: pg.Pool;
  close: () => Promise<void>;
}

/** Pools for the databases of orders, stock and accounts, to inspect them from outside; they reconnect after faults. */
export function connectDatabases({ plan, secrets }: System): Databases {
  const variables = scriptVariables(plan, secrets);
  const connect = (connectionString: string | undefined) => {
    const pool = new pg.Pool({ connectionString, max: 2, connectionTimeoutMillis: 5_000 });
    pool.on('error', () => {}); // a killed server; the next query reports it
    return pool;
  };
  const [orders, inventory] = [connect(variables.ORDER_DB_URL), connect(variables.INVENTORY_DB_URL)];
  const accounts = connect(variables.ACCOUNT_DB_URL);
  return {
    orders,
    inventory,
    accounts,
    close: async () => {
      await Promise.all([orders, inventory, accounts].map((pool) => pool.end()));
    },
  };
}
