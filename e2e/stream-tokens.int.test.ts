/** The stream of orders for people: it ends with the access token, and @shop/client goes on with the next one. */
import { randomUUID } from 'node:crypto';
import { startLoop } from '@shop/chassis/base/loop.ts';
import { createPeople } from '@shop/chassis/edge/people/people.ts';
import { listen } from '@shop/chassis/edge/server.ts';
import { ROUND_MS } from '@shop/chassis/reliable/feed/feed.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { silent } from '@shop/chassis/testing/messaging.ts';
import { readEvents } from '@shop/chassis/testing/read-events.ts';
import { createTokenIssuer } from '@shop/chassis/testing/token-issuer.ts';
import { createClient } from '../clients/typescript/src/index.ts';
import {
  anOrder,
  createOrderDatabase,
  KEYLESS_TOKEN,
  OPERATIONS,
  type OrderService,
  post,
  startOrderService,
  startPeer,
} from '../order-service/test/test-app.ts';

const issuer = createTokenIssuer();
const account = randomUUID();
let service: OrderService;
let baseUrl: string;

beforeAll(async () => {
  const [database, peer] = await Promise.all([createOrderDatabase(), startPeer()]);
  atEnd(() => Promise.all([database.drop(), peer.close()]));
  const people = createPeople({ publicUrl: undefined, keys: issuer.signingKeys });
  service = startOrderService(database, peer.url, undefined, undefined, people);
  atEnd(() => service.stop());
  const sequencer = startLoop({ name: 'sequencer', intervalMs: ROUND_MS, log: silent }, service.changes.round);
  atEnd(() => sequencer.stop());
  const server = await listen(service.http, '127.0.0.1', 0);
  atEnd(() => server.close());
  baseUrl = `http://127.0.0.1:${server.port}`;
});

/** A token that ends in so many seconds; `exp` has no fractions, so up to one earlier. */
const tokenFor = (seconds: number) =>
  issuer.staff(account, ['operations'], { claims: { exp: Math.floor(Date.now() / 1_000) + seconds } });
const open = async (token: string) =>
  readEvents(`${baseUrl}/operations/orders/stream`, {
    'x-gateway-token': KEYLESS_TOKEN,
    'x-caller': 'staff',
    authorization: `Bearer ${token}`,
  });
const place = async (): Promise<string> => (await post(service, '/orders', anOrder())).body.id;

it('it ends at the end of the access token, and not before', async () => {
  const reader = await open(await tokenFor(3));
  expect(reader.status).toBe(200);
  const lasting = await open(await tokenFor(300));
  const exp = Math.floor(Date.now() / 1_000) + 1;
  expect(await reader.ended).toBe('ended');
  expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
  const id = await place();
  await eventually(() => lasting.received.find(({ data }) => data.orderId === id));
  await lasting.close();
});

it('it does not begin with an access token that has ended, even if calls accept it for the sake of clocks', async () => {
  const token = await tokenFor(-5);
  const { status } = await open(token);
  expect(status).toBe(401);
  const client = createClient({ baseUrl, accessToken: token, caller: 'staff', fetch: asGateway });
  expect(await client.orders.list().page()).toMatchObject({ items: expect.any(Array) });
});

it('a client with an API key is not affected', async () => {
  const reader = await readEvents(`${baseUrl}/operations/orders/stream`, OPERATIONS);
  expect(reader.status).toBe(200);
  await reader.close();
});

it('@shop/client shows each change once over several access tokens', async () => {
  const stop = new AbortController();
  let tokens = 0;
  const client = createClient({
    baseUrl,
    caller: 'staff',
    fetch: asGateway,
    accessToken() {
      tokens += 1;
      return tokenFor(2);
    },
  });
  const seen: string[] = [];
  const begun = { is: false };
  const following = (async () => {
    for await (const { event, data } of client.operations('orders').stream({ signal: stop.signal })) {
      begun.is = true;
      if (event === 'order') seen.push(`${data.orderId} ${data.version}`);
    }
  })().catch((error: unknown) => error);
  atEnd(async () => {
    stop.abort();
    await following;
  });
  await eventually(() => begun.is || undefined);
  const placed: string[] = [];
  while (tokens < 4) placed.push(await place());
  const expected = placed.flatMap((id) => [`${id} 1`, `${id} 2`]);
  await eventually(() => seen.length >= expected.length || undefined);
  expect(seen.toSorted()).toEqual(expected.toSorted());
});

/** What the gateway adds on the routes of people. */
function asGateway(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-gateway-token', KEYLESS_TOKEN);
  return fetch(url, { ...init, headers });
}
