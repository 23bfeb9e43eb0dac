/** A trace from the gateway's `traceparent` through both services, outbox and broker, and the log lines with its id. */

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from '@shop/chassis/testing/trace-receiver.ts';
import { v7 as uuidv7 } from 'uuid';
import { type Answer, anOrderOf, type System, startSystem, withKey } from './system.ts';

let receiver: TraceReceiver;
let system: System;
beforeAll(async () => {
  receiver = await startTraceReceiver();
  atEnd(() => receiver.close());
  system = await startSystem(1, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
});

/** The header that Kong adds if its tracing is enabled. */
function fromKong() {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, header: { traceparent: `00-${traceId}-${spanId}-01` } };
}

/**
 * Repeat until no response is 202: these tests are about orders that are decided in time, which may not happen on a
 * busy machine.
 */
function inTime<T extends Record<string, unknown>>(attempt: () => Promise<T>): Promise<T> {
  return eventually(async () => {
    const placed = await attempt();
    return Object.values(placed).some((value) => (value as Partial<Answer>).status === 202) ? undefined : placed;
  });
}

/** Place an order of one unit with a trace that the gateway has started. */
function placeOrder(sku: string, { header }: ReturnType<typeof fromKong>) {
  return system.storefront('POST', '/orders', anOrderOf(sku), { ...withKey(), ...header });
}

/** Wait until the spans of the trace, as `service: name` and indented below their parents, are these. */
async function expectTree({ traceId, spanId }: ReturnType<typeof fromKong>, expected: string[]): Promise<void> {
  await eventually(() => {
    const spans = receiver.spans.filter((span) => span.traceId === traceId);
    const below = (parent: string, indent: string): string[] =>
      spans
        .filter((span) => span.parentSpanId === parent)
        .map((span) => ({ span, label: labelOf(span) }))
        .sort(orderBy(({ label }) => label))
        .flatMap(({ span, label }) => [`${indent}${label}`, ...below(span.spanId, `${indent}  `)]);
    expect(below(spanId, '')).toEqual(expected);
    expect(spans).toHaveLength(expected.length);
    return true;
  });
}

const labelOf = ({ service, name }: ReceivedSpan) => `${service.replace('-service', '')}: ${name}`;

type Line = Record<string, unknown>;

function linesOf(part: string): Line[] {
  const log = readFileSync(join(system.folder, 'logs', `${part}.log`), 'utf8');
  return log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
}

describe('the trace of an order', () => {
  it('leads from the gateway over both services to the events', async () => {
    const sku = await system.product(1_000);
    // Other trace headers must neither replace nor disable the trace.
    const b3 = { b3: '0', 'x-b3-traceid': '1'.repeat(32), 'x-b3-spanid': '2'.repeat(16), 'x-b3-sampled': '0' };
    const { kong, placed } = await inTime(async () => {
      const begun = fromKong();
      const kong = { ...begun, header: { ...begun.header, ...b3, tracestate: 'b3=0,congo=t61rcWkgMzE' } };
      return { kong, placed: await placeOrder(sku, kong) };
    });
    expect(placed.status).toBe(201);
    await expectTree(kong, [
      'order: POST /orders',
      '  order: place orders',
      '    order: POST /reservations',
      '      inventory: POST /reservations',
      '        inventory: hold reservations',
      '    order: place orders: A',
      '    order: place orders: B',
      '  order: publish order.confirmed.v1',
      '    account: process account.order-history',
      '      account: handle account.order-history',
      '  order: publish order.placed.v1',
      '    account: process account.order-history',
      '      account: handle account.order-history',
    ]);
    const { items } = (await system.storefront('GET', `/orders/${placed.body.id}/timeline`)).body;
    expect(items.map((entry: Line) => [entry.type, entry.traceId])).toEqual([
      ['placed', kong.traceId],
      ['confirmed', kong.traceId],
    ]);
  });

  it('leads through outbox and broker to the other service and back', async () => {
    const sku = await system.product(2);
    await system.control('kill', 'inventory');
    const kong = fromKong();
    const accepted = await placeOrder(sku, kong);
    await system.control('start', 'inventory');
    expect(accepted.status).toBe(202);
    await system.healthy();
    await expectTree(kong, [
      'order: POST /orders',
      '  order: place orders',
      '    order: POST /reservations',
      '    order: place orders: A',
      '    order: place orders: B',
      '  order: publish order.placed.v1',
      '    account: process account.order-history',
      '      account: handle account.order-history',
      '  order: publish reservation.requested.v1',
      '    inventory: process inventory.reservations',
      '      inventory: handle inventory.reservations',
      '      inventory: publish reservation.held.v1',
      '        order: process order.reservation-replies',
      '          order: handle order.reservation-replies',
      '          order: publish order.confirmed.v1',
      '            account: process account.order-history',
      '              account: handle account.order-history',
    ]);
    const about = { traceId: kong.traceId, orderId: accepted.body.id, outcome: 'handled' };
    await eventually(() => {
      const messages = ['order-1', 'inventory-1']
        .flatMap(linesOf)
        .filter(({ message }) => message === 'message handled');
      expect(messages).toContainEqual(expect.objectContaining({ ...about, messageType: 'reservation.requested' }));
      expect(messages).toContainEqual(expect.objectContaining({ ...about, messageType: 'reservation.held' }));
      return true;
    });
    const timeline = (await system.storefront('GET', `/orders/${accepted.body.id}/timeline`)).body.items;
    expect(new Set(timeline.map((entry: Line) => entry.traceId))).toEqual(new Set([kong.traceId]));
  });

  it('is linked, both ways, with the batch that the order shared with others', async () => {
    const sku = await system.product(50);
    const answers = await Promise.all(
      Array.from({ length: 50 }, fromKong).map(async (kong) => ({
        kong,
        status: (await placeOrder(sku, kong)).status,
      })),
    );
    // A request that a busy machine refuses is in no batch.
    const callers = answers.filter(({ status }) => status !== 503).map(({ kong }) => kong);
    const ofCallers = () => receiver.spans.filter(({ traceId }) => callers.some((one) => one.traceId === traceId));
    const { batches, requests } = await eventually(async () => {
      const requests = ofCallers().filter(({ name }) => name === 'POST /orders');
      const batches = ofCallers().filter(({ name }) => name === 'place orders');
      const members = batches.reduce((sum, { links }) => sum + links.length + 1, 0);
      if (requests.length !== callers.length || members !== callers.length)
        throw new Error(`${requests.length} requests and ${members} members of ${callers.length} orders`);
      return { batches, requests };
    });
    expect(batches.length).toBeLessThan(callers.length);
    for (const batch of batches) {
      for (const link of batch.links) {
        const member = requests.find(({ spanId }) => spanId === link.spanId);
        expect(member?.traceId).toBe(link.traceId);
        expect(member?.links).toEqual([{ traceId: batch.traceId, spanId: batch.spanId }]);
      }
    }
  });

  it('has the id of the request if the gateway has not started a trace', async () => {
    const refused = await system.storefront('GET', `/orders/${uuidv7()}`);
    const span = await eventually(async () => receiver.spans.find(({ traceId }) => traceId === refused.body.traceId));
    expect(span).toMatchObject({ name: 'GET /orders/:id', parentSpanId: undefined, failed: false });
    expect(span?.attributes).toMatchObject({
      'http.response.status_code': 404,
      'shop.problem.code': 'order-not-found',
    });
  });
});

describe('the log', () => {
  it('has one line for each request, with the ids to follow, and without request data', async () => {
    const key = `secret-key-${uuidv7()}`;
    const newKey = () => `${key}-${uuidv7()}`;
    const customerId = `secret-customer-${uuidv7()}`;
    const { kong, placed, rejected } = await inTime(async () => {
      const kong = fromKong();
      const order = { ...anOrderOf(await system.product(1)), customerId };
      const placed = await system.storefront('POST', '/orders', order, { ...withKey(newKey()), ...kong.header });
      const rejected = await system.storefront('POST', '/orders', order, withKey(newKey()));
      return { kong, placed, rejected };
    });
    const invalid = await system.storefront('POST', '/orders', { customerId }, withKey(newKey()));
    const lines = await eventually(async () => {
      const some = linesOf('order-1')
        .filter(({ route }) => route === '/orders')
        .slice(-3);
      return some.at(-1)?.requestId === invalid.body.traceId ? some : undefined;
    });
    const common = { clientId: 'storefront-1', method: 'POST', route: '/orders' };
    expect(lines).toMatchObject([
      { ...common, level: 30, status: 201, traceId: kong.traceId, orderId: placed.body.id },
      { ...common, level: 30, status: 409, requestId: rejected.body.traceId, orderId: rejected.body.orderId },
      { ...common, level: 30, status: 400, requestId: invalid.body.traceId, code: 'validation-failed' },
    ]);
    const folder = join(system.folder, 'logs');
    const logs = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const { STOREFRONT_KEY = 'unset', BACKOFFICE_KEY = 'unset' } = system.env;
    for (const secret of [key, customerId, STOREFRONT_KEY, BACKOFFICE_KEY]) {
      expect(logs.filter((log) => log.includes(secret))).toEqual([]);
    }
  });
});
