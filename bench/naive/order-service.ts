import express, { type Request, type Response } from 'express';
import pg from 'pg';
import { Pool } from 'undici';

interface Line {
  sku: string;
  quantity: number;
}

interface OrderInput {
  customerId: string;
  currency: string;
  lines: Line[];
}

const poolSize = Number(process.env.DATABASE_POOL_SIZE);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: poolSize });
// Several processes of inventory-service are used in turn.
const inventories = (process.env.INVENTORY_URL ?? '').split(',').map((url) => new Pool(url, { connections: 64 }));
let turn = 0;

const app = express();
app.use(express.json());

app.post('/orders', async (req, res) => {
  const key = req.get('Idempotency-Key');
  if (!key) {
    res.status(400).json({ error: 'Idempotency-Key is required' });
    return;
  }
  const clientId = clientOf(req);
  const known = await findAnswer(clientId, key);
  if (known) {
    replay(res, known);
    return;
  }
  const input = req.body as OrderInput;
  if (!isValid(input)) {
    res.status(400).json({ error: 'Invalid order' });
    return;
  }

  const order = await insertOrder(clientId, input);
  const reservation = await reserve(order.id, input.lines);
  const status = reservation.ok ? 201 : 409;
  const body = reservation.ok
    ? { ...order, status: 'confirmed', lines: input.lines }
    : { ...order, status: 'rejected', lines: input.lines, reason: reservation.reason };
  try {
    await finishOrder(order.id, body.status, { clientId, key, status, body });
  } catch (error) {
    // A twin was faster: its response is returned.
    if ((error as pg.DatabaseError).code !== '23505') throw error;
    const first = await findAnswer(clientId, key);
    if (!first) throw error;
    replay(res, first);
    return;
  }
  res.status(status).location(`/orders/${order.id}`).json(body);
});

app.get('/orders/:id', async (req, res) => {
  const { rows } = await pool.query('SELECT * FROM orders WHERE id = $1 AND client_id = $2', [
    req.params.id,
    clientOf(req),
  ]);
  if (!rows[0]) {
    res.status(404).json({ error: 'Order not found' });
    return;
  }
  const items = await pool.query('SELECT sku, quantity FROM order_items WHERE order_id = $1 ORDER BY position', [
    req.params.id,
  ]);
  res.json({ ...toOrder(rows[0]), lines: items.rows });
});

app.get('/orders', async (req, res) => {
  const limit = Math.min(Number(req.query.limit) || 50, 100);
  const { rows } = await pool.query('SELECT * FROM orders WHERE client_id = $1 ORDER BY created_at DESC LIMIT $2', [
    clientOf(req),
    limit,
  ]);
  const items = await pool.query(
    'SELECT order_id, sku, quantity FROM order_items WHERE order_id = ANY($1) ORDER BY order_id, position',
    [rows.map((row) => row.id)],
  );
  const linesOf = Map.groupBy(items.rows, (item) => item.order_id);
  res.json({
    items: rows.map((row) => ({
      ...toOrder(row),
      lines: (linesOf.get(row.id) ?? []).map(({ sku, quantity }) => ({ sku, quantity })),
    })),
  });
});

app.get('/health', (_req, res) => {
  res.json({ status: 'ok' });
});

function clientOf(req: Request): string {
  return req.get('X-Consumer-Custom-ID') ?? 'anonymous';
}

function isValid(input: OrderInput | undefined): boolean {
  return (
    typeof input?.customerId === 'string' &&
    typeof input.currency === 'string' &&
    Array.isArray(input.lines) &&
    input.lines.length > 0 &&
    input.lines.every(({ sku, quantity }) => typeof sku === 'string' && Number.isInteger(quantity) && quantity > 0)
  );
}

interface StoredAnswer {
  status: number;
  body: { id: string };
}

async function findAnswer(clientId: string, key: string): Promise<StoredAnswer | undefined> {
  const { rows } = await pool.query('SELECT status, body FROM idempotency_keys WHERE client_id = $1 AND key = $2', [
    clientId,
    key,
  ]);
  return rows[0];
}

function replay(res: Response, { status, body }: StoredAnswer): void {
  res.status(status).set('Idempotent-Replayed', 'true').location(`/orders/${body.id}`).json(body);
}

async function insertOrder(clientId: string, { customerId, currency, lines }: OrderInput) {
  return inTransaction(async (client) => {
    const { rows } = await client.query(
      'INSERT INTO orders (client_id, customer_id, currency, status) VALUES ($1, $2, $3, $4) RETURNING *',
      [clientId, customerId, currency, 'pending'],
    );
    for (const [position, { sku, quantity }] of lines.entries()) {
      await client.query('INSERT INTO order_items (order_id, position, sku, quantity) VALUES ($1, $2, $3, $4)', [
        rows[0].id,
        position,
        sku,
        quantity,
      ]);
    }
    return toOrder(rows[0]);
  });
}

async function reserve(orderId: string, lines: Line[]): Promise<{ ok: boolean; reason?: unknown }> {
  const inventory = inventories[turn++ % inventories.length] as Pool;
  const { statusCode, body } = await inventory.request({
    method: 'POST',
    path: '/reservations',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId, lines }),
  });
  const answer = await body.json();
  if (statusCode === 201) return { ok: true };
  if (statusCode === 409) return { ok: false, reason: answer };
  throw new Error(`inventory-service answered ${statusCode}`);
}

async function finishOrder(
  id: string,
  orderStatus: string,
  { clientId, key, status, body }: StoredAnswer & { clientId: string; key: string },
): Promise<void> {
  await inTransaction(async (client) => {
    await client.query('UPDATE orders SET status = $2 WHERE id = $1', [id, orderStatus]);
    await client.query('INSERT INTO idempotency_keys (client_id, key, status, body) VALUES ($1, $2, $3, $4)', [
      clientId,
      key,
      status,
      body,
    ]);
  });
}

async function inTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

function toOrder(row: {
  id: string;
  client_id: string;
  customer_id: string;
  currency: string;
  status: string;
  created_at: Date;
}) {
  return {
    id: row.id,
    clientId: row.client_id,
    customerId: row.customer_id,
    currency: row.currency,
    status: row.status,
    createdAt: row.created_at,
  };
}

app.listen(Number(process.env.PORT), '127.0.0.1');
