/** GET /operations/orders/stream over HTTP, from one or two processes of the service. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { startLoop } from '@shop/chassis/base/loop.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import { ROUND_MS } from '@shop/chassis/reliable/feed/feed.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { type EventReader, readEvents } from '@shop/chassis/testing/read-events.ts';
import request from 'supertest';
import {
  aDeadReply,
  anOrder,
  BACKOFFICE,
  createTestSystem,
  OPERATIONS,
  type OrderService,
  post,
  refused,
  rows,
  type TestSystem,
  undecided,
} from '../../test/test-app.ts';

const PATH = '/operations/orders/stream';
let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

/** The address of a process whose sequencer runs. */
async function listening(service: OrderService = system.service): Promise<string> {
  const log = createLogger('test', 'silent');
  const sequencer = startLoop({ name: 'sequencer', intervalMs: ROUND_MS, log }, service.changes.round);
  atEnd(() => sequencer.stop());
  const server = createServer(service.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(address: string, after?: string, as = OPERATIONS): Promise<EventReader> {
  const reader = await readEvents(address + PATH, as, after);
  atEnd(() => reader.close());
  return reader;
}

const ofOrders = ({ received }: EventReader) =>
  received.filter(({ event }) => event === 'order').map(({ data }) => `${data.number} ${data.version} ${data.status}`);
const until = (reader: EventReader, count: number) =>
  eventually(() => (ofOrders(reader).length >= count ? true : undefined));
const place = async () => (await post(system.service, '/orders', anOrder())).body;

describe('the stream of orders', () => {
  it('begins with an id, and shows each change of each order once', async () => {
    const address = await listening();
    const reader = await open(address);
    expect([reader.status, reader.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect([reader.headers.get('cache-control'), reader.headers.get('x-accel-buffering')]).toEqual(['no-store', 'no']);
    await eventually(() => (reader.lastEventId() === '' ? undefined : true));

    const { id, number } = await place();
    await post(system.service, `/orders/${id}/shipment`, { carrier: 'c', trackingNumber: 't' }, 's', BACKOFFICE);
    await post(system.service, `/orders/${id}/delivery`, {}, 'd', BACKOFFICE);
    system.peer.decide = refused;
    const rejected = await post(system.service, '/orders', anOrder());
    system.peer.decide = undecided;
    const { body: queued } = await post(system.service, '/orders', anOrder());
    await post(system.service, `/orders/${queued.id}/cancellation`, {});
    await until(reader, 8);
    expect(reader.received.find(({ event }) => event === 'order')?.data).toEqual({
      orderId: id,
      number,
      status: 'pending',
      version: 1,
    });
    const { rows: numbers } = await system.database.pool.query('SELECT number FROM orders WHERE id = $1', [
      rejected.body.orderId,
    ]);
    const steps = [`${number} 1 pending`, `${number} 2 confirmed`, `${number} 3 shipped`, `${number} 4 delivered`];
    const others = [`ORD-${numbers[0].number} 1 pending`, `ORD-${numbers[0].number} 2 rejected`];
    const cancelled = [`${queued.number} 1 pending`, `${queued.number} 2 cancelled`];
    expect(ofOrders(reader)).toEqual([...steps, ...others, ...cancelled]);
    expect(new Set(reader.received.filter(({ event }) => event === 'order').map((event) => event.id)).size).toBe(8);
  });

  it('is resumed at another process, where the client was cut off before its first event', async () => {
    const [one, other] = [await listening(), await listening(system.another())];
    const first = await open(one);
    const begin = await eventually(() => first.lastEventId() || undefined);
    await first.close();
    const { number } = await place();
    const second = await open(other, begin);
    await until(second, 2);
    expect(ofOrders(second)).toEqual([`${number} 1 pending`, `${number} 2 confirmed`]);
    const { number: next } = await place();
    await until(second, 4);
    await second.close();
    const third = await open(one, second.received.filter(({ event }) => event === 'order')[1]?.id);
    await until(third, 2);
    expect(ofOrders(third)).toEqual([`${next} 1 pending`, `${next} 2 confirmed`]);
  });

  it('begins again with a reset where the place is not kept', async () => {
    const address = await listening();
    await place();
    await eventually(async () =>
      (await rows(system, 'SELECT FROM order_changes_queue')).length === 0 ? true : undefined,
    );
    const reader = await open(address, '0123456789ab.1');
    await eventually(() => reader.received.find(({ event }) => event === 'reset'));
    const { number } = await place();
    await until(reader, 2);
    expect(ofOrders(reader)).toEqual([`${number} 1 pending`, `${number} 2 confirmed`]);
  });

  it.each(['', 'x', '7'])('refuses a Last-Event-ID that it never sent: %j', async (id) => {
    const answer = await request(system.service.http)
      .get(PATH)
      .set({ ...OPERATIONS, 'last-event-id': id });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, '/Last-Event-ID']);
  });

  it('answers HEAD with its headers, and ends', async () => {
    const answer = await request(system.service.http).head(PATH).set(OPERATIONS).expect(200);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  });

  it('is kept alive, shows counters and dead letters, and is in no histogram of durations', async () => {
    const reader = await open(await listening());
    const { metrics } = system.service;
    await eventually(() => reader.received.find(({ event }) => event === 'counters'));
    expect(reader.received[0]?.data).toEqual({ pending: 0, outbox: 0, deadLetters: 0 });
    metrics.ordersPending.set(3);
    await eventually(() => reader.received.find(({ data }) => data.pending === 3));
    const letter = await aDeadReply(system, '0195f0a0-0000-7000-8000-00000000000c');
    const { data } = await eventually(() => reader.received.find(({ event }) => event === 'dead-letter'));
    expect(data).toEqual({
      id: letter,
      queue: 'order.reservation-replies',
      type: 'reservation.held',
      reason: 'attempts-exhausted',
      group: 'order.reservation-replies:reservation.held:attempts-exhausted',
    });
    expect(reader.comments()).toBeGreaterThan(0);
    expect((await metrics.streamClients.get()).values[0]?.value).toBe(1);
    await reader.close();
    await eventually(async () => (await metrics.streamClients.get()).values[0]?.value === 0 || undefined);
    const routes = (await metrics.httpRequestDuration.get()).values.map(({ labels }) => labels.route);
    expect(routes).not.toContain(PATH);
  });
});

describe('a process', () => {
  it('serves so many clients at a time, and refuses others with nothing done', async () => {
    const service = system.another({}, { streams: { ...LOAD_LIMITS.streams, clients: 2 } });
    const address = await listening(service);
    const readers = [await open(address), await open(address)];
    const refusal = await open(address);
    expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([503, '1']);
    await readers[0]?.close();
    await eventually(async () => ((await open(address)).status === 200 ? true : undefined));
  });

  it('that drains ends its streams, and begins no others', async () => {
    const service = system.another();
    const address = await listening(service);
    const reader = await open(address);
    await eventually(() => reader.lastEventId() || undefined);
    service.lifecycle.enter('draining');
    expect(await reader.ended).toBe('ended');
    expect((await open(address)).status).toBe(503);
  });

  it('disconnects a client that does not read, which misses nothing; others do not notice', async () => {
    const address = await listening();
    const { number } = await place();
    const reader = await open(address);
    const { port } = new URL(address);
    const socket = connect(Number(port), '127.0.0.1');
    atEnd(() => socket.destroy());
    const headers = Object.entries(OPERATIONS).map(([name, value]) => `${name}: ${value}`);
    socket.write([`GET ${PATH} HTTP/1.1`, 'Host: shop', ...headers, '', ''].join('\r\n'));
    const begin = await eventually(() => reader.lastEventId() || undefined);
    const { streamClients, streamClientsDropped } = system.service.metrics;
    await eventually(async () => (await streamClients.get()).values[0]?.value === 2 || undefined);
    socket.pause();
    // More than the buffers of two sockets hold.
    const count = 120_000;
    const [order] = await rows<{ id: string }>(system, 'SELECT id FROM orders');
    await rows(
      system,
      `INSERT INTO order_changes_queue (order_id, version, status, at)
       SELECT $1, n, 'confirmed', now() FROM generate_series(3, ${count} + 2) AS n`,
      [order?.id],
    );
    await eventually(async () => (await streamClientsDropped.get()).values[0]?.value === 1 || undefined);
    const expected = Array.from({ length: count }, (_, n) => `${number} ${n + 3} confirmed`);
    const hasAll = ({ received }: EventReader) =>
      received.findLast(({ event }) => event === 'order')?.data.version === count + 2;
    const resumed = await open(address, begin);
    for (const one of [reader, resumed]) {
      await eventually(() => hasAll(one) || undefined);
      expect(ofOrders(one).slice(-count)).toEqual(expected);
    }
  });
});
