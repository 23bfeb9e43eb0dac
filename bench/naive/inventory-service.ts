import express from 'express';
import pg from 'pg';

interface Line {
  sku: string;
  quantity: number;
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL_SIZE) });
const app = express();
app.use(express.json());

/** Reserves all lines of an order or none: insufficient stock rolls the transaction back. */
app.post('/reservations', async (req, res) => {
  const { orderId, lines } = req.body as { orderId: string; lines: Line[] };
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    for (const { sku, quantity } of lines) {
      const { rows } = await client.query('SELECT on_hand, reserved FROM stock WHERE sku = $1 FOR UPDATE', [sku]);
      const available = rows[0] ? rows[0].on_hand - rows[0].reserved : 0;
      if (available < quantity) {
        await client.query('ROLLBACK');
        res.status(409).json({ error: 'Insufficient stock', sku, requested: quantity, available });
        return;
      }
      await client.query('UPDATE stock SET reserved = reserved + $2 WHERE sku = $1', [sku, quantity]);
      await client.query('INSERT INTO reservations (order_id, sku, quantity) VALUES ($1, $2, $3)', [
        orderId,
        sku,
        quantity,
      ]);
    }
    await client.query('COMMIT');
    res.status(201).json({ orderId, status: 'reserved' });
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
});

app.get('/health', (_req, res) => {
  res.json({ status: 'ok' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
