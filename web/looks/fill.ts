/** Believable data for a system that has none: an hour of a shop, with orders in every status and messages that failed. */
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { scriptVariables } from '@shop/local/addresses.ts';
import { controlParts } from '@shop/local/control-command.ts';
import type { System } from '@shop/local/parts.ts';
import pg from 'pg';
import { type Client, createClient, isRefusal, type Order } from '../../clients/typescript/src/index.ts';

// biome-ignore format: a table
const products: readonly [sku: string, name: string, stock: number, price: number][] = [
  ['MUG-BLUE', 'Mug, blue', 250, 1290], ['MUG-GREEN', 'Mug, green', 180, 1290], ['MUG-SPECKLED', 'Mug, speckled stoneware', 94, 1690],
  ['TSHIRT-S', 'T-shirt, small', 75, 2400], ['TSHIRT-M', 'T-shirt, medium', 120, 2400], ['TSHIRT-L', 'T-shirt, large', 90, 2400],
  ['LAMP-01', 'Desk lamp', 140, 5900], ['LAMP-ARC', 'Arc floor lamp with a dimmer and a marble foot', 62, 18900],
  ['POSTER-MOON', 'Poster “Moon over the harbour”, 50 × 70 cm', 210, 1900], ['POSTER-FERN', 'Poster “Fern”, 30 × 40 cm', 160, 1400],
  ['BAG-TOTE', 'Tote bag, undyed cotton', 320, 1500], ['BAG-ROLL', 'Roll-top backpack', 68, 7900],
  ['PLANT-MONSTERA', 'Monstera in a terracotta pot', 58, 3450], ['PLANT-ALOE', 'Aloe', 46, 1250],
  ['BOOK-LEDGER', 'A short history of the ledger', 84, 2200], ['BOOK-SOUP', 'Forty soups', 85, 1990],
  ['NOTEBOOK-A5', 'Notebook A5, dotted', 400, 890], ['PENCIL-SET', 'Pencils, set of twelve', 140, 1150],
  ['CLOCK-WALL', 'Wall clock, oak', 49, 6400], ['VASE-TALL', 'Vase, tall', 17, 4100],
  ['BLANKET-WOOL', 'Blanket, recycled wool', 62, 8900], ['LAST-ONE', 'The last of its kind', 1, 9900],
];
const customers = ['ada', 'grace', 'linus', 'margaret', 'alan', 'katherine', 'c-20481', 'c-20977', 'wholesale-north'];
const ORDERS = 130;
// Between two orders: all of them make one hour.
const APART_MS = 27_000;
const AT_ONCE = 8;

/** Fills the system, which must be new: it also moves its orders into the past. */
export async function fill(system: System): Promise<void> {
  const { env, storefront, backoffice, operations } = connect(system);
  await makeProducts(backoffice);
  await makeOrders([storefront(env.STOREFRONT_KEY), storefront(env.OTHER_STOREFRONT_KEY)], backoffice);
  const orderDb = new pg.Pool({ connectionString: env.ORDER_DB_URL, max: 2 });
  const inventoryDb = new pg.Pool({ connectionString: env.INVENTORY_DB_URL, max: 2 });
  try {
    await intoThePast(orderDb, inventoryDb);
    await getStuck(system, { storefront: storefront(env.STOREFRONT_KEY), orderDb, inventoryDb });
    for (let n = 0; n < 3; n += 1) await publish(env.RABBITMQ_MANAGEMENT_URL, `{"lines": [{"sku": "MUG-BLUE", ${n}`);
    await eventually(async () => {
      const groups = await operations.operations('inventory').deadLetterGroups();
      return groups.reduce((sum, { count }) => sum + count, 0) >= 4 || undefined;
    });
    await Promise.all(['orders', 'inventory'].map((service) => operations.operations(service).reconcile()));
  } finally {
    await orderDb.end();
    await inventoryDb.end();
  }
}

/** Clients of the system, and its addresses. */
export function connect({ plan, secrets }: System) {
  const env = scriptVariables(plan, secrets);
  const clientOf = (apiKey?: string) => createClient({ baseUrl: env.BASE_URL ?? '', apiKey, deadlineMs: 60_000 });
  return {
    env,
    storefront: clientOf,
    backoffice: clientOf(env.BACKOFFICE_KEY),
    operations: clientOf(env.OPERATIONS_KEY),
  };
}

async function makeProducts(client: Client): Promise<void> {
  for (const [sku, name, stock] of products) {
    // The demo products have other names, and stock already.
    const isNew = await client.products.create({ sku, name }).then(
      () => true,
      (error: unknown) => {
        if (isRefusal(error, 'product-exists')) return false;
        throw error;
      },
    );
    if (isNew) await client.products.adjust(sku, { delta: stock, reason: 'Opening stock' });
  }
  await client.products.adjust('MUG-GREEN', { delta: 48, reason: 'Delivery 4711' });
  await client.products.adjust('PLANT-ALOE', { delta: -2, reason: 'Broken in the window' });
}

/** Places orders of one to three lines, always the same ones. The older ones are shipped or delivered, and some are cancelled. */
async function makeOrders(storefronts: readonly Client[], backoffice: Client): Promise<void> {
  for (let first = 0; first < ORDERS; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, ORDERS - first) }, (_, index) => first + index);
    await Promise.all(
      numbers.map(async (n) => {
        const order = await place(storefronts[n % 3 === 0 ? 1 : 0] as Client, n);
        if (order !== undefined) await moveOn(backoffice, order, n);
      }),
    );
  }
}

async function place(client: Client, n: number): Promise<Order | undefined> {
  const lines = Array.from({ length: 1 + (n % 3) }, (_, index) => {
    const [sku, , , unitPrice] = products[(n * 5 + index * 7) % products.length] as (typeof products)[number];
    return { sku, quantity: 1 + ((n + index) % 3), unitPrice };
  });
  const customerId = customers[(n * 4) % customers.length] ?? '';
  try {
    return await client.orders.place({ customerId, currency: 'EUR', lines });
  } catch (error) {
    if (isRefusal(error, 'order-rejected')) return undefined;
    throw error;
  }
}

async function moveOn(client: Client, { id }: Order, n: number): Promise<void> {
  if (n % 17 === 5) {
    await client.orders.cancel(id, { reason: 'Ordered the wrong size' });
  } else if (n < ORDERS * 0.6) {
    await client.orders.ship(id, { carrier: 'DHL', trackingNumber: `00340434161094${1_000 + n}` });
    if (n < ORDERS * 0.35) await client.orders.deliver(id);
  }
}

/** As if the orders had come in the course of an hour. */
async function intoThePast(orderDb: pg.Pool, inventoryDb: pg.Pool): Promise<void> {
  const { rows } = await orderDb.query('SELECT id FROM orders ORDER BY number DESC');
  const ids = rows.map(({ id }) => id);
  // Unevenly, as people order.
  const shifts = ids.map((_, index) => Math.round((index + 3 * Math.sin(index / 9)) * APART_MS) + 30_000);
  const shift = (table: string, id: string, columns: readonly string[]) =>
    `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - ms * interval '1 ms'`).join(', ')}
       FROM unnest($1::uuid[], $2::bigint[]) AS moved(moved_id, ms) WHERE ${table}.${id} = moved_id`;
  const both = ['created_at', 'updated_at'];
  await orderDb.query(shift('orders', 'id', both), [ids, shifts]);
  await orderDb.query(shift('order_timeline', 'order_id', ['at']), [ids, shifts]);
  await inventoryDb.query(shift('reservations', 'id', both), [ids, shifts]);
  await inventoryDb.query(shift('stock_movements', 'cause_id', ['at']), [ids, shifts]);
  await inventoryDb.query("UPDATE stock_movements SET at = at - interval '3 hours' WHERE kind = 'adjusted'");
  await inventoryDb.query("UPDATE products SET created_at = created_at - interval '40 days'");
}

interface Stuck {
  storefront: Client;
  orderDb: pg.Pool;
  inventoryDb: pg.Pool;
}

/** An order whose reservation became a dead letter: there is one of other units under its id. */
async function getStuck(system: System, { storefront, orderDb, inventoryDb }: Stuck): Promise<void> {
  await controlParts(system, 'kill', 'inventory');
  const lines = [{ sku: 'MUG-BLUE', quantity: 2, unitPrice: 1290 }];
  const { id } = await storefront.orders.place({ customerId: 'ada', currency: 'EUR', lines }, { wait: false });
  // If the request were repeated, there would be two dead letters.
  await orderDb.query("UPDATE orders SET ask_at = now() + interval '1 hour' WHERE id = $1", [id]);
  await inventoryDb.query("INSERT INTO reservations (id, state) VALUES ($1, 'held')", [id]);
  const line = "INSERT INTO reservation_lines (reservation_id, sku, quantity) VALUES ($1, 'MUG-GREEN', 1)";
  await inventoryDb.query(line, [id]);
  // Its stock is in the books, so that these agree.
  await inventoryDb.query("UPDATE stock_levels SET reserved = reserved + 1 WHERE sku = 'MUG-GREEN'");
  await inventoryDb.query(
    `INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
     VALUES ('MUG-GREEN', 'held', 0, 1, $1, 'order-service')`,
    [id],
  );
  await controlParts(system, 'start', 'inventory');
}

/** Publishes an unreadable message as from the broker's management UI. */
async function publish(managementUrl = '', payload: string): Promise<void> {
  const { origin, username, password } = new URL(managementUrl);
  await fetch(`${origin}/api/exchanges/%2F/amq.default/publish`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      properties: {},
      routing_key: 'inventory.reservations',
      payload,
      payload_encoding: 'string',
    }),
  });
}
