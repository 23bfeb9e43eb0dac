/**
 * Writes the rows of orders by SQL alone: no HTTP, no JSON to parse, no decisions. `rows`: one statement per row and
 * three transactions per order, as most code does it. `sets`: three statements for 64 orders.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { type Done, serveJobs } from '../client/load-process.ts';
import { chooseSkus } from '../client/requests.ts';
import { answerOf, type OrderRows, placedBody } from './order-rows.ts';
import { confirmRows, placeRows, reserveRows } from './row-by-row.ts';
import { confirmSet, placeSet, reserveSet } from './set-based.ts';

// The batch size of order-service.
const SET_SIZE = 64;

serveJobs({
  async open({ targets, arrivals, keyPrefix, work }) {
    const clients = 'clients' in arrivals ? arrivals.clients : 1;
    const [orders, inventory] = targets.map((connectionString) => new pg.Pool({ connectionString, max: clients }));
    if (!orders || !inventory) throw new Error('the limit needs two databases');
    const make = (n: number) => newOrder(`${keyPrefix}-${n}`, chooseSkus(work.skus, work.lines, n));
    const rows = async (n: number): Promise<Done> => {
      const order = make(n);
      await inTransaction(orders, (client) => placeRows(client, order));
      await inTransaction(inventory, (client) => reserveRows(client, order));
      await inTransaction(orders, (client) => confirmRows(client, order));
      return { name: 'rows' };
    };
    const sets = async (n: number): Promise<Done> => {
      const set = Array.from({ length: SET_SIZE }, (_, index) => make(n * SET_SIZE + index));
      await placeSet(orders, set);
      await reserveSet(inventory, set);
      await confirmSet(orders, set);
      return { name: `${SET_SIZE} orders`, weight: SET_SIZE };
    };
    const act = process.argv[2] === 'sets' ? sets : rows;
    return { act, close: async () => void (await Promise.all([orders.end(), inventory.end()])) };
  },
});

function newOrder(key: string, skus: readonly string[]): OrderRows {
  const id = uuidv7();
  const order = { id, key, skus: skus.toSorted(), fingerprint: randomBytes(32), messageIds: [uuidv7(), uuidv7()] };
  return { ...order, placed: placedBody(id, skus), answer: answerOf(id, skus) };
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}
