/** Clients that are slow, idle, too many, or that disconnect before the response. */
import { readFileSync } from 'node:fs';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { openRawClient, type RawClient } from '@shop/chassis/testing/raw-client.ts';
import { anOrderOf, finalAnswer, placeAndWait, type System, startSystem, withKey } from './system.ts';

const CONNECTIONS = 10_000;
const MOST_MEMORY_MB = 300;

let system: System;
let order: { port: number; pid: number };
let gatewayPort: number;
beforeAll(async () => {
  system = await startSystem(1);
  const parts = await system.parts();
  order = parts.find(({ part }) => part === 'order-1') as typeof order;
  gatewayPort = Number(new URL(system.env.BASE_URL ?? '').port);
});

/** Sends a byte from time to time, so that the connection is not idle. */
async function drip(client: RawClient, text: string): Promise<void> {
  for (let at = 0; !client.isClosed; at = (at + 1) % text.length) {
    client.socket.write(text.charAt(at));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The head of POST /orders, as the gateway sends it to a service or a client to the gateway. */
function headOf(port: number, key: string, more: string): string {
  const own =
    port === gatewayPort
      ? `apikey: ${system.env.STOREFRONT_KEY}`
      : `X-Gateway-Token: ${system.env.GATEWAY_TOKEN}\r\nX-Consumer-Custom-ID: storefront-1\r\nX-Consumer-Groups: storefront`;
  return `POST /orders HTTP/1.1\r\nHost: test\r\n${own}\r\nIdempotency-Key: ${key}\r\nContent-Type: application/json\r\n${more}`;
}

async function othersAreServed(): Promise<void> {
  const sku = await system.product(1);
  expect((await placeAndWait(system, anOrderOf(sku))).status).toBe(201);
}

async function ordersOf(sku: string): Promise<number> {
  const { rowCount } = await system.orderDb.query('SELECT FROM order_lines WHERE sku = $1', [sku]);
  return rowCount ?? 0;
}

function memoryMb(): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${order.pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('slow clients', () => {
  it('are disconnected, by a service and by the gateway, without effect, while others are served', async () => {
    const sku = await system.product(10);
    const body = JSON.stringify(anOrderOf(sku));
    const slow: { client: RawClient; isCut: boolean }[] = [];
    for (const port of [order.port, gatewayPort]) {
      for (let n = 0; n < 50; n += 1) {
        const head = openRawClient(port);
        head.socket.write(headOf(port, `${sku}-head-${port}-${n}`, ''));
        const upload = openRawClient(port);
        upload.socket.write(headOf(port, `${sku}-body-${port}-${n}`, 'Content-Length: 100000\r\n\r\n'));
        void drip(head, 'X-Slow: 1\r\n');
        void drip(upload, body.slice(0, -1));
        // The gateway, like nginx, accepts a slow body as long as bytes arrive; it forwards a request only when it is
        // complete.
        slow.push({ client: head, isCut: true }, { client: upload, isCut: port !== gatewayPort });
      }
    }
    await othersAreServed();
    await eventually(
      () => (slow.every(({ client, isCut }) => client.isClosed || !isCut) ? true : undefined),
      45_000, // 20 s for a request, plus time for a busy machine
    );
    await othersAreServed();
    expect(slow.filter(({ client }) => / 20\d /.test(client.received))).toEqual([]);
    expect(await ordersOf(sku)).toBe(0);
  });
});

describe('huge heads', () => {
  it.each([
    ['a service', () => order.port, /^HTTP\/1.1 431 /],
    ['the gateway', () => gatewayPort, /^HTTP\/1.1 400 /],
  ])('are refused by %s', async (_who, port, refusal) => {
    const client = openRawClient(port());
    client.socket.write(headOf(port(), 'huge', `X-Huge: ${'x'.repeat(200_000)}\r\n\r\n`));
    await eventually(() => refusal.test(client.received) || undefined);
    await othersAreServed();
  });
});

describe('interrupted uploads', () => {
  it.each([
    ['with a length', 'Content-Length: 500000\r\n\r\n'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n'],
  ])('place no order and leave nothing behind, sent %s', async (how, rest) => {
    const sku = await system.product(10);
    const body = JSON.stringify(anOrderOf(sku));
    const chunk = how === 'in chunks' ? `${body.length.toString(16)}\r\n${body}\r\n` : body;
    const clients: RawClient[] = [];
    for (const port of [order.port, gatewayPort]) {
      for (let n = 0; n < 50; n += 1) {
        const client = openRawClient(port);
        clients.push(client);
        client.socket.write(headOf(port, `${sku}-${port}-${n}`, rest) + chunk, () => client.socket.destroy());
      }
    }
    await eventually(() => clients.every(({ isClosed }) => isClosed) || undefined);
    await othersAreServed();
    expect(await ordersOf(sku)).toBe(0);
    // The keys are unused: the complete request is the first with its key.
    const answer = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(`${sku}-${gatewayPort}-0`));
    expect([201, 202]).toContain(answer.status);
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
  });
});

describe('clients that disconnect before the response', () => {
  it('have one order each, and get its answer under their key', async () => {
    const sku = await system.product(100);
    const body = JSON.stringify(anOrderOf(sku));
    const keys: string[] = [];
    for (const port of [order.port, gatewayPort]) {
      for (let n = 0; n < 20; n += 1) {
        const key = `${sku}-${port}-${n}`;
        keys.push(key);
        const client = openRawClient(port);
        const request = headOf(port, key, `Content-Length: ${body.length}\r\n\r\n${body}`);
        client.socket.write(request, () => client.socket.destroy());
      }
    }
    // Some requests may not arrive; with a repeat the result is the same.
    for (const key of keys) expect((await finalAnswer(system, anOrderOf(sku), key)).status).toBe(201);
    expect(await ordersOf(sku)).toBe(keys.length);
    expect((await system.stock(sku)).reserved).toBe(keys.length);
    const again = await system.storefront('POST', '/orders', anOrderOf(sku), withKey(keys[0]));
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  });
});

describeNeeding(
  'more than 10,000 open files per process (ulimit -n)',
  openFilesAtMost() > CONNECTIONS + 1_000,
  '10,000 idle connections',
  () => {
    it('use little memory of a service, and do not block other clients', async () => {
      const clients: RawClient[] = [];
      for (let n = 0; n < CONNECTIONS; n += 100) {
        const some = Array.from({ length: 100 }, () => openRawClient(order.port));
        clients.push(...some);
        // One third sends nothing, one third half a head, one third a complete request.
        for (const [index, { socket }] of some.entries()) {
          if (index % 3 > 0) socket.write('GET /health/live HTTP/1.1\r\nHost: test\r\n');
          if (index % 3 > 1) socket.write('\r\n');
        }
        await eventually(() => some.every(({ socket, isClosed }) => !socket.connecting || isClosed) || undefined);
      }
      for (let n = 0; n < 10; n += 1) {
        await othersAreServed();
        expect(memoryMb()).toBeLessThan(MOST_MEMORY_MB);
      }
      // The service keeps no more than its limit: it closed the longest idle connections before their timeout.
      const left = () => clients.filter(({ isClosed }) => !isClosed).length;
      await eventually(() => (left() <= 4_000 ? true : undefined));
      expect(memoryMb()).toBeLessThan(MOST_MEMORY_MB);
    });
  },
);

/** The limit of this process. At its start Node raises the soft limit to the hard limit, also in the services. */
function openFilesAtMost(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
}
