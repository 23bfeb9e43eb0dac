/** The stream of orders through the gateway, while processes are killed and the gateway restarts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { readEvents } from '@shop/chassis/testing/read-events.ts';
import { createClient, type StreamEvent } from '../clients/typescript/src/index.ts';
import { checkExchange } from './contract/check-exchange.ts';
import { anOrderOf, type System, startSystem, withKey } from './system.ts';

const PATH = '/operations/orders/stream';
let system: System;
beforeAll(async () => {
  system = await startSystem();
});

/** The changes that @shop/client gets, with connections that it makes again by itself. */
function follow() {
  const stop = new AbortController();
  const events: StreamEvent[] = [];
  let connections = 0;
  let failure: unknown;
  const client = createClient({
    baseUrl: system.env.BASE_URL ?? '',
    apiKey: system.env.OPERATIONS_KEY,
    async fetch(url, init) {
      const response = await fetch(url, init);
      if (response.status === 200) connections += 1;
      return response;
    },
  });
  const following = (async () => {
    for await (const event of client.operations('orders').stream({ signal: stop.signal })) events.push(event);
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) failure = error;
  });
  const end = async () => {
    stop.abort();
    await following;
  };
  atEnd(end);
  return {
    /** `<order> <version>` of each, in the order in which they came. */
    changes(): string[] {
      if (failure) throw failure;
      return events.flatMap(({ event, data }) => (event === 'order' ? [`${data.orderId} ${data.version}`] : []));
    },
    countOf: (name: StreamEvent['event']) => events.filter(({ event }) => event === name).length,
    connections: () => connections,
    end,
  };
}

describe('the stream of orders', () => {
  it('is as its document says', async () => {
    const { OPERATIONS_KEY: apikey = '' } = system.env;
    const reader = await readEvents(`${system.env.BASE_URL}${PATH}`, { apikey });
    const { status, headers } = reader;
    await reader.close();
    expect(status).toBe(200);
    checkExchange({
      method: 'GET',
      path: PATH,
      headers: new Headers({ apikey }),
      body: undefined,
      answer: { status, headers, text: '' },
    });
    const malformed = await system.operations('GET', PATH, undefined, { 'Last-Event-ID': 'x' });
    expect(malformed.body.errors[0].pointer).toBe('/Last-Event-ID');
    expect((await system.backoffice('HEAD', '/operations/inventory/stream')).status).toBe(200);
    expect((await system.storefront('GET', PATH)).status).toBe(403);
  });

  it('goes on for longer than the gateway waits for a byte, and shows changes while they are made', async () => {
    const reader = await readEvents(`${system.env.BASE_URL}${PATH}`, { apikey: system.env.BACKOFFICE_KEY ?? '' });
    atEnd(() => reader.close());
    // Four heartbeats take more than its 5 s.
    await eventually(() => (reader.comments() >= 4 ? true : undefined));
    const { body } = await system.storefront('POST', '/orders', anOrderOf(await system.product(1)), withKey());
    await eventually(() => reader.received.find(({ data }) => data.orderId === body.id && data.version === 2));
  });

  it('shows each change once, while both processes are killed in turn and the gateway restarts', async () => {
    const sku = await system.product(1_000_000);
    const client = follow();
    await eventually(() => client.countOf('counters') > 0 || undefined);
    let isOver = false;
    const placing = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        await system.storefront('POST', '/orders', anOrderOf(sku), withKey()).catch(() => sleep(100));
      }
    });
    for (const [action, part] of [
      ['kill', 'order-1'],
      ['start', 'order-1'],
      ['kill', 'order-2'],
      ['kill', 'gateway'],
      ['start', 'gateway'],
      ['start', 'order-2'],
      ['stop', 'order-1'],
      ['start', 'order-1'],
    ] as const) {
      await system.control(action, part);
      if (action === 'kill' && part === 'gateway') continue;
      const count = client.changes().length;
      await eventually(() => client.changes().length > count + 20 || undefined);
    }
    isOver = true;
    await Promise.all(placing);
    await system.healthy();
    await eventually(async () =>
      (await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL')).rowCount === 0 ? true : undefined,
    );
    const { rows } = await system.orderDb.query(
      `SELECT o.id, o.version FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE l.sku = $1`,
      [sku],
    );
    const expected = rows.flatMap(({ id, version }) => Array.from({ length: version }, (_, n) => `${id} ${n + 1}`));
    expect(expected.length).toBeGreaterThan(100);
    await eventually(() => {
      const seen = new Set(client.changes());
      return expected.every((change) => seen.has(change)) || undefined;
    });
    await client.end();
    expect(client.connections()).toBeGreaterThan(2);
    expect(client.countOf('reset')).toBe(0);
    // Those of other tests may be among them.
    const own = new Set(expected);
    expect(
      client
        .changes()
        .filter((change) => own.has(change))
        .sort(),
    ).toEqual(expected.sort());
  });
});
