import { once } from 'node:events';
import { join } from 'node:path';
import { INVENTORY_EXCHANGE, reservationReplies } from '@shop/chassis/contract/messages/inventory-service.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker, type TestBroker } from '@shop/chassis/testing/broker.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { v7 as uuidv7 } from 'uuid';
import { asClient, createInventoryDatabase, ORDER_SERVICE } from './test-app.ts';

/* The service as it runs: a process of its own, wired by main.ts, with a real broker. */

const ENTRY = join(__dirname, '../src/main.ts');

let database: TestDatabase;
let broker: TestBroker;
beforeAll(async () => {
  [database, broker] = await Promise.all([createInventoryDatabase(), createTestBroker()]);
  atEnd(() => Promise.all([database.drop(), broker.drop()]));
  await listenForReplies(broker);
});

const REPLIES = 'replies';

/** In place of order-service, which is not there: nobody else declares a queue for the replies. */
async function listenForReplies(at: TestBroker): Promise<void> {
  await at.withChannel(async (channel) => {
    await channel.assertExchange(INVENTORY_EXCHANGE, 'topic', { durable: true });
    await channel.assertQueue(REPLIES);
    for (const { routingKey } of reservationReplies) await channel.bindQueue(REPLIES, INVENTORY_EXCHANGE, routingKey);
  });
}

function start(env: Record<string, string>) {
  const { child, written } = startProgram(process.execPath, [ENTRY], { env: { PATH: process.env.PATH, ...env } });
  return { child, output: () => written.output };
}

/** A process that serves; it ends with its test. */
async function startServing(env: Record<string, string>) {
  const { child, output } = start({
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: database.url,
    RABBITMQ_URL: broker.url,
    GATEWAY_TOKEN: 'g'.repeat(32),
    GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
    ...env,
  });
  atEnd(() => child.kill('SIGKILL'));
  const port = await eventually(() => /"port":(\d+)/.exec(output())?.[1]);
  return { child, output, port };
}

async function command(type: string, payload: object, to = broker): Promise<string> {
  const id = uuidv7();
  const occurredAt = new Date().toISOString();
  const envelope = { id, type, version: 1, occurredAt, producer: 'order-service', correlationId: 'request-1', payload };
  await to.withChannel(async (channel) => {
    channel.publish(INVENTORY_EXCHANGE, `${type}.v1`, Buffer.from(JSON.stringify(envelope)), { messageId: id });
    await channel.waitForConfirms();
  });
  return id;
}

describe('the process', () => {
  it('reports every fault of its configuration and exits 1', async () => {
    const { child, output } = start({ PORT: 'x', GATEWAY_TOKEN: 'short' });
    expect(await once(child, 'exit')).toEqual([1, null]);
    for (const name of ['PORT', 'DATABASE_URL', 'RABBITMQ_URL', 'GATEWAY_TOKEN', 'ORDER_TO_INVENTORY_TOKEN']) {
      expect(output()).toContain(name);
    }
  });

  it('answers calls, handles commands, replies, sets poison aside, and drains on SIGTERM', async () => {
    const { child, port } = await startServing({
      ORDER_TO_INVENTORY_TOKEN: 'i'.repeat(32),
      DRAIN_SECONDS: '2',
    });
    await database.pool.query(`WITH p AS (INSERT INTO products (sku, name) VALUES ('MUG', 'Mug') RETURNING sku)
      INSERT INTO stock_levels (sku, on_hand) SELECT sku, 5 FROM p`);
    const id = uuidv7();
    const lines = [{ sku: 'MUG', quantity: 2 }];
    const called = await fetch(`http://127.0.0.1:${port}/reservations`, {
      method: 'POST',
      headers: { ...ORDER_SERVICE, 'content-type': 'application/json' },
      body: JSON.stringify({ reservations: [{ id, lines }] }),
    });
    expect(await called.json()).toEqual({ results: [{ id, state: 'held' }] });

    const health = `http://127.0.0.1:${port}/health/inventory`;
    await eventually(async () => {
      const answer = await fetch(health, { headers: { 'x-gateway-token': 'g'.repeat(32) } });
      expect(await answer.json()).toMatchObject({ status: 'ok' });
      return true;
    });
    const causationId = await command('reservation.requested', { reservationId: id, lines });
    const [reply] = await broker.take(REPLIES, 1);
    expect(JSON.parse(reply?.body ?? '')).toMatchObject({
      type: 'reservation.held',
      producer: 'inventory-service',
      correlationId: 'request-1',
      causationId,
      payload: { reservationId: id },
    });
    const late = uuidv7();
    await command('reservation.fulfil', { reservationId: late });
    const deadLetters = `http://127.0.0.1:${port}/operations/inventory/dead-letters`;
    const operator = asClient('operator-1');
    const letter = await eventually(async () => {
      const answer = await fetch(`${deadLetters}?status=open`, { headers: operator });
      return ((await answer.json()) as { items: { id: string }[] }).items[0];
    });
    expect(letter).toMatchObject({ type: 'reservation.fulfil', reason: 'fulfil-of-unknown', attempts: 1 });

    await command('reservation.requested', { reservationId: late, lines });
    await broker.take(REPLIES, 1);
    const replayed = await fetch(`${deadLetters}/${letter.id}/replay`, {
      method: 'POST',
      headers: { ...operator, 'idempotency-key': 'replay-1' },
    });
    expect(await replayed.json()).toMatchObject({ id: letter.id, status: 'replayed' });
    const [fulfilled] = await broker.take(REPLIES, 1);
    expect(JSON.parse(fulfilled?.body ?? '')).toMatchObject({
      type: 'reservation.fulfilled',
      payload: { reservationId: late },
    });

    child.kill('SIGTERM');
    const ready = `http://127.0.0.1:${port}/health/ready`;
    await eventually(async () => ((await fetch(ready)).status === 503 ? true : undefined));
    // The gateway has not heard of it yet: what it still sends is served, on a connection that ends.
    const served = await fetch(`http://127.0.0.1:${port}/products/MUG`, { headers: operator });
    expect([served.status, served.headers.get('connection')]).toEqual([200, 'close']);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('knows order-service by both of its tokens, also where they have the names of an earlier version', async () => {
    const { output, port } = await startServing({
      INTERNAL_TOKEN: 'n'.repeat(32),
      INTERNAL_TOKEN_PREVIOUS: 'i'.repeat(32),
    });
    const statusWith = async (token: string) => {
      const headers = { authorization: `Bearer ${token.repeat(32)}` };
      return (await fetch(`http://127.0.0.1:${port}/reservations?limit=1`, { headers })).status;
    };
    expect([await statusWith('n'), await statusWith('i'), await statusWith('g')]).toEqual([200, 200, 401]);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const token of ['current', 'previous']) {
      expect(metrics).toMatch(
        new RegExp(`^internal_requests_total\\{caller="order-service",token="${token}",.*\\} 1$`, 'm'),
      );
    }
    await eventually(
      () => /"clientId":"order-service".*"route":"\/reservations","status":200/.test(output()) || undefined,
    );
  });

  it('ends on SIGINT without the time that DRAIN_SECONDS gives a gateway', async () => {
    const { child } = await startServing({
      ORDER_TO_INVENTORY_TOKEN: 'i'.repeat(32),
      DRAIN_SECONDS: '60',
    });
    const asked = Date.now();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(Date.now() - asked).toBeLessThan(60_000);
  });

  it('goes on with a queue that the broker has with other arguments, and its health and metrics say so', async () => {
    const own = await createTestBroker();
    atEnd(() => own.drop());
    const queue = 'inventory.reservations';
    await own.withChannel((channel) =>
      channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 19 } }),
    );
    const { port } = await startServing({
      RABBITMQ_URL: own.url,
      ORDER_TO_INVENTORY_TOKEN: 'i'.repeat(32),
    });
    const health = () =>
      fetch(`http://127.0.0.1:${port}/health/inventory`, { headers: { 'x-gateway-token': 'g'.repeat(32) } });
    await eventually(async () => {
      const answer = await health();
      expect([answer.status, await answer.json()]).toMatchObject([
        200,
        { status: 'degraded', checks: { broker: true }, reason: `declared with other arguments: ${queue}` },
      ]);
      return true;
    });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/broker_topology_differences\{queue="inventory.reservations",.*\} 1/);
    await listenForReplies(own);
    await command('reservation.release', { reservationId: uuidv7() }, own);
    await own.take(REPLIES, 1);
  });
});
