/** One hop of plain Express: parses the request, and responds like order-service, from memory. */
import { randomUUID } from 'node:crypto';
import express from 'express';

const app = express();
app.use(express.json());

app.post('/reservations', (req, res) => {
  res.status(201).json({ orderId: req.body.orderId, status: 'reserved' });
});

app.post('/orders', (req, res) => {
  const at = new Date();
  const order = { id: randomUUID(), clientId: req.get('X-Consumer-Custom-ID'), status: 'confirmed', createdAt: at };
  res
    .status(201)
    .location(`/orders/${order.id}`)
    .json({ ...order, ...req.body, updatedAt: at, version: 2 });
});

app.get('/health', (_req, res) => {
  res.json({ status: 'ok' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
