/** Two hops of plain Express without a database: the lower limit for a service that calls another one over HTTP. */
import { randomUUID } from 'node:crypto';
import express from 'express';
import { Pool } from 'undici';

const back = new Pool(process.env.BACK_URL ?? '', { connections: 64 });
const app = express();
app.use(express.json());

app.post('/orders', async (req, res) => {
  const order = { id: randomUUID(), clientId: req.get('X-Consumer-Custom-ID'), createdAt: new Date() };
  const { body } = await back.request({
    method: 'POST',
    path: '/reservations',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId: order.id, lines: req.body.lines }),
  });
  await body.json();
  res
    .status(201)
    .location(`/orders/${order.id}`)
    .json({ ...order, ...req.body, status: 'confirmed', updatedAt: new Date(), version: 2 });
});

app.get('/health', (_req, res) => {
  res.json({ status: 'ok' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
