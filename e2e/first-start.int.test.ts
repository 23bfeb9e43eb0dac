/** The services as processes; inventory-service starts for the first time after order-service has sent it commands. */
import { once } from 'node:events';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker } from '@shop/chassis/testing/broker.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import * as stockSide from '../inventory-service/test/test-app.ts';
import * as orderSide from '../order-service/test/test-app.ts';

const TOKEN = 't'.repeat(32);

/** Start a service by its main.ts; returns its port. */
async function start(service: string, env: Record<string, string>): Promise<string> {
  const tokens = {
    GATEWAY_TOKEN: TOKEN,
    GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
    ORDER_TO_INVENTORY_TOKEN: TOKEN,
    ACCOUNT_TO_ORDER_TOKEN: TOKEN,
  };
  const { child, written } = startProgram(process.execPath, [join(__dirname, '..', service, 'src/main.ts')], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...tokens, ...env },
  });
  atEnd(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return `http://127.0.0.1:${await eventually(() => /"port":(\d+)/.exec(written.output)?.[1])}`;
}

it('decides at the first start of inventory-service the orders whose commands no queue accepted before', async () => {
  const [orderDb, stockDb, server] = await Promise.all([
    orderSide.createOrderDatabase(),
    stockSide.createInventoryDatabase(),
    createTestBroker(),
  ]);
  atEnd(() => Promise.all([orderDb.drop(), stockDb.drop(), server.drop()]));
  await stockDb.pool.query(`WITH p AS (INSERT INTO products (sku, name) VALUES ('MUG', 'Mug') RETURNING sku)
    INSERT INTO stock_levels (sku, on_hand) SELECT sku, 5 FROM p`);
  // HTTP calls fail, so that only commands can decide the orders.
  const env = { DATABASE_URL: orderDb.url, RABBITMQ_URL: server.url, INVENTORY_URL: 'http://127.0.0.1:1' };
  const orders = await start('order-service', env);
  const headers = {
    'x-gateway-token': TOKEN,
    'x-consumer-custom-id': 'shop',
    'x-consumer-groups': 'storefront',
    'content-type': 'application/json',
  };
  const place = async (key: string) => {
    const answer = await fetch(`${orders}/orders`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': key },
      body: JSON.stringify({ customerId: 'ada', currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1 }] }),
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  };
  const placed = [await place('one'), await place('two'), await place('three')];

  // As if it had been down for hours.
  await withClient(orderDb.ownerUrl, (client) =>
    client.query(`UPDATE outbox_messages SET created_at = now() - interval '5 hours'`),
  );
  await eventually(async () => {
    const { rows } = await orderDb.pool.query('SELECT FROM outbox_messages WHERE mandatory AND claimed_until > now()');
    return rows.length === placed.length || undefined;
  });
  const queues = (await server.queues()).map(({ name }) => name);
  expect(queues.filter((name) => name.startsWith('inventory.'))).toEqual([]);

  await start('inventory-service', { DATABASE_URL: stockDb.url, RABBITMQ_URL: server.url });
  for (const id of placed)
    await eventually(async () => {
      const order = await (await fetch(`${orders}/orders/${id}`, { headers })).json();
      expect(order).toMatchObject({ status: 'confirmed' });
      return true;
    });
  const { rows } = await stockDb.pool.query('SELECT reserved::integer FROM stock_levels');
  expect(rows).toEqual([{ reserved: placed.length }]);
});
