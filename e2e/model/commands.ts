import { randomBytes } from 'node:crypto';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import fc from 'fast-check';
import type { Expected } from './expected.ts';
import type { Order } from './order.ts';
import type { Answer, Call, Caller, Services } from './services.ts';
import type { Shop } from './shop.ts';
import { type CallerName, type Sent, serviceOf, toHttp, type Write } from './writes.ts';

/** One run of a sequence: the real services, and a name that no other run has. */
export interface Run {
  services: Services;
  name: string;
}

export type Command = fc.AsyncCommand<Shop, Run>;

/** The identity of a caller in this run. */
export function callerOf(run: Run, name: CallerName): Caller {
  return { clientId: `${name}-${run.name}`, group: name.endsWith('back') ? 'backoffice' : 'storefront' };
}

/**
 * Send a keyed request, new or repeated, and compare the response with the model's; with `twice`, as concurrent twins.
 */
export async function send(shop: Shop, run: Run, request: Sent, twice = false): Promise<void> {
  const { write, key } = request;
  const service = serviceOf(write);
  // The stock of cancelled and shipped orders changes by message.
  if (service === 'inventory' || write.kind === 'place') await catchUp(shop, run);
  const requestId = newRequestId();
  const call = { service, ...toHttp(write), caller: callerOf(run, request.caller), requestId, key };
  const expected = shop.ask(request, requestId);
  if (!twice) return compare(expected, await run.services.call(call));
  const answers = await Promise.all([run.services.call(call), run.services.call(call)]);
  const [first, second] = answers.sort(orderBy(lateness)) as [Answer, Answer];
  compare(expected, first);
  if (!isInProgress(second)) compare(shop.ask(request, requestId), second);
}

function isInProgress({ status, body, headers }: Answer): boolean {
  return status === 409 && body.code === 'request-in-progress' && headers.has('retry-after');
}

/** For sorting twins: higher for the one that was executed second. */
function lateness(answer: Answer): number {
  return isInProgress(answer) ? 2 : answer.headers.has('idempotent-replayed') ? 1 : 0;
}

/** Send a GET request, and compare. */
export async function read(
  run: Run,
  call: Pick<Call, 'service' | 'path'> & { caller: CallerName },
  expect: (requestId: string) => Expected,
): Promise<void> {
  const requestId = newRequestId();
  const caller = callerOf(run, call.caller);
  compare(expect(requestId), await run.services.call({ ...call, method: 'GET', caller, requestId }));
}

/** Wait until all messages between the services have taken effect, in the model and in the services. */
export async function catchUp(shop: Shop, run: Run): Promise<void> {
  if (!shop.isBehind()) return;
  shop.catchUp();
  await run.services.caughtUp((['ada', 'bob'] as const).map((name) => callerOf(run, name).clientId));
}

function compare(expected: Expected, { status, headers, text, body }: Answer): void {
  const { location, replayed = false, retryAfter = false } = expected;
  expect({
    status,
    body: withoutReplays(body),
    location: headers.get('location') ?? undefined,
    replayed: headers.get('idempotent-replayed') === 'true',
    retryAfter: /^\d+$/.test(headers.get('retry-after') ?? ''),
    type: headers.get('content-type')?.split(';')[0],
  }).toEqual({
    status: expected.status,
    body: expected.body,
    location,
    replayed,
    retryAfter,
    type: expected.status < 400 ? 'application/json' : 'application/problem+json',
  });
  if (expected.text !== undefined) expect(text).toBe(expected.text);
  expected.learn?.(body, text);
}

/** Replays are counted in the timeline with up to a second of delay, so the counts are compared at the end. */
function withoutReplays(body: { items?: { type?: string }[] }): object {
  return Array.isArray(body.items) ? { ...body, items: body.items.filter(({ type }) => type !== 'replays') } : body;
}

function newRequestId(): string {
  return randomBytes(16).toString('hex');
}

function command<P>(
  name: string,
  params: P,
  isPossible: (shop: Shop) => boolean,
  act: (shop: Shop, run: Run, params: P) => Promise<void>,
): Command {
  return {
    check: (shop) => isPossible(shop as Shop),
    run: (shop, run) => act(shop, run, params),
    toString: () => `${name} ${JSON.stringify(params)}`,
  };
}

const always = () => true;
const hasOrders = (shop: Shop) => shop.orders.length > 0;

// Each run starts with stock of A and B; C must be created first; GHOST never exists.
const sku = fc.constantFrom('A', 'B', 'C');
const anySku = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('A', 'A', 'B', 'C') },
  { weight: 1, arbitrary: fc.constant('GHOST') },
);
const anyone = fc.constantFrom<CallerName>('ada', 'bob', 'back', 'other-back');
const storefront = fc.constantFrom<CallerName>('ada', 'bob');
const backOffice = fc.constantFrom<CallerName>('back', 'other-back');
const twice = fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const index = fc.nat({ max: 30 });
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const line = fc.record({
  sku: fc.oneof({ weight: 19, arbitrary: fc.constantFrom('A', 'B') }, { weight: 1, arbitrary: anySku }),
  quantity: fc.integer({ min: 1, max: 4 }),
  unitPrice: maybe(fc.constantFrom(100, 200)),
});

// The order of a step: mostly one for which the step is allowed.
const target = fc.record({
  at: index,
  isPossible: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

/** An order in the first of these states that some order has, or any order. */
function targetOf(
  { orders }: Shop,
  { at, isPossible }: { at: number; isPossible: boolean },
  ...states: Order['status'][]
): string {
  const found = states.map((state) => orders.filter(({ status }) => status === state));
  const able = isPossible ? found.find((some) => some.length > 0) : undefined;
  return pick(able ?? orders, at).id;
}

const skuOf = (run: Run, name: string) => `${run.name}-${name}`;
const pick = <T>(values: readonly T[], at: number) => values[at % values.length] as T;

/** A command that sends a new keyed request. */
function writing<P extends { caller: CallerName; twice: boolean }>(
  name: string,
  params: fc.Arbitrary<P>,
  isPossible: (shop: Shop) => boolean,
  toWrite: (params: P, shop: Shop, run: Run) => Write,
): fc.Arbitrary<Command> {
  return params.map((given) =>
    command(name, given, isPossible, async (shop, run) => {
      const write = toWrite(given, shop, run);
      const request = { write, caller: given.caller, key: `key-${run.name}-${shop.sent.length}` };
      shop.sent.push(request);
      await send(shop, run, request, given.twice);
    }),
  );
}

const create = writing(
  'create',
  fc.record({ caller: backOffice, twice, sku, name: fc.constantFrom('Mug', 'Cup') }),
  always,
  ({ name, sku }, _shop, run) => ({ kind: 'create', sku: skuOf(run, sku), name }),
);
const rename = writing(
  'rename',
  fc.record({ caller: backOffice, twice, sku: anySku, name: fc.constantFrom('Mug', 'Cup') }),
  always,
  ({ name, sku }, _shop, run) => ({ kind: 'rename', sku: skuOf(run, sku), name }),
);
const adjust = writing(
  'adjust',
  fc.record({
    caller: backOffice,
    twice,
    sku: anySku,
    delta: fc.integer({ min: -8, max: 12 }).filter((delta) => delta !== 0),
  }),
  always,
  ({ delta, sku }, _shop, run) => ({ kind: 'adjust', sku: skuOf(run, sku), delta, reason: 'counted' }),
);
const adjustAll = fc
  .record({
    caller: backOffice,
    twice,
    entries: fc.array(
      fc.record({
        name: fc.nat({ max: 4 }),
        sku: anySku,
        delta: fc.integer({ min: -8, max: 12 }).filter((delta) => delta !== 0),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map((given) =>
    command('adjust all', given, always, async (shop, run, { caller, twice, entries }) => {
      const key = `key-${run.name}-${shop.sent.length}`;
      const adjustments = entries.map(({ name, sku, delta }) => ({
        key: `${key}-${name}`,
        sku: skuOf(run, sku),
        delta,
        reason: 'counted',
      }));
      const request: Sent = { write: { kind: 'adjust-all', adjustments }, caller, key };
      // Each member may be repeated alone.
      const alone = adjustments.map(
        ({ key, ...write }): Sent => ({ write: { kind: 'adjust', ...write }, caller, key }),
      );
      shop.sent.push(request, ...alone);
      await send(shop, run, request, twice);
    }),
  );
const count = writing(
  'count',
  fc.record({ caller: backOffice, twice, sku: anySku, counted: fc.nat({ max: 20 }), isExpected: fc.boolean() }),
  always,
  ({ counted, isExpected, sku }, shop, run) => {
    const onHand = shop.products.get(skuOf(run, sku))?.onHand ?? 0;
    return { kind: 'count', sku: skuOf(run, sku), counted, expected: isExpected ? onHand : onHand + 1 };
  },
);
const place = writing(
  'place',
  fc.record({
    caller: storefront,
    twice,
    customerId: fc.constantFrom('c-1', 'c-2'),
    lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  }),
  always,
  ({ customerId, lines }, _shop, run) => ({
    kind: 'place',
    customerId,
    currency: 'EUR',
    lines: lines.map((one) => ({ ...one, sku: skuOf(run, one.sku) })),
  }),
);
const cancel = writing(
  'cancel',
  fc.record({ caller: anyone, twice, order: target, reason: maybe(fc.constant('no longer wanted')) }),
  hasOrders,
  ({ order, reason }, shop) => ({ kind: 'cancel', orderId: targetOf(shop, order, 'pending', 'confirmed'), reason }),
);
const ship = writing(
  'ship',
  fc.record({ caller: backOffice, twice, order: target, carrier: fc.constantFrom('DHL', 'DHL', 'UPS') }),
  hasOrders,
  ({ order, carrier }, shop) => ({
    kind: 'ship',
    orderId: targetOf(shop, order, 'confirmed'),
    carrier,
    trackingNumber: 'T-1',
  }),
);
const deliver = writing(
  'deliver',
  fc.record({ caller: backOffice, twice, order: target }),
  hasOrders,
  ({ order }, shop) => ({
    kind: 'deliver',
    orderId: targetOf(shop, order, 'shipped'),
  }),
);

const changes = ['nothing', 'nothing', 'nothing', 'order of lines', 'body', 'endpoint', 'client'] as const;
const repeat = fc.record({ request: index, change: fc.constantFrom(...changes), twice }).map((params) =>
  command(
    'repeat',
    params,
    (shop) => shop.sent.length > 0,
    (shop, run, { request, change, twice }) => send(shop, run, changed(pick(shop.sent, request), change), twice),
  ),
);

/** The request with a change, under the same key. */
function changed(request: Sent, change: (typeof changes)[number]): Sent {
  const { write, caller } = request;
  if (change === 'nothing') return request;
  if (change === 'client') return { ...request, caller: others[caller] };
  if (change === 'order of lines') {
    return write.kind === 'place' ? { ...request, write: { ...write, lines: write.lines.toReversed() } } : request;
  }
  return { ...request, write: change === 'body' ? withOtherBody(write) : withOtherEndpoint(write) };
}

const others: Record<CallerName, CallerName> = { ada: 'bob', bob: 'ada', back: 'other-back', 'other-back': 'back' };

function withOtherBody(write: Write): Write {
  switch (write.kind) {
    case 'create':
    case 'rename':
      return { ...write, name: `${write.name} XL` };
    case 'adjust':
      return { ...write, reason: 'counted again' };
    case 'adjust-all':
      return { ...write, adjustments: write.adjustments.map((one) => ({ ...one, delta: one.delta + 100 })) };
    case 'count':
      return { ...write, counted: write.counted + 1 };
    case 'place': {
      const [first, ...rest] = write.lines;
      return first ? { ...write, lines: [{ ...first, quantity: first.quantity + 1 }, ...rest] } : write;
    }
    case 'cancel':
      return { ...write, reason: 'another reason' };
    case 'ship':
      return { ...write, trackingNumber: 'T-2' };
    case 'deliver':
      return withOtherEndpoint(write);
  }
}

function withOtherEndpoint(write: Write): Write {
  switch (write.kind) {
    case 'create':
      return { ...write, kind: 'rename' };
    case 'rename':
    case 'adjust':
    case 'count':
      return { kind: 'create', sku: write.sku, name: 'Mug' };
    case 'adjust-all':
      return { kind: 'create', sku: write.adjustments[0]?.sku ?? '', name: 'Mug' };
    case 'place':
      return { kind: 'cancel', orderId: NOBODYS };
    case 'cancel':
    case 'ship':
      return { kind: 'deliver', orderId: write.orderId };
    case 'deliver':
      return { kind: 'cancel', orderId: write.orderId };
  }
}

const NOBODYS = '01890000-0000-7000-8000-000000000000';

const statuses = ['pending', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered'];
const idOf = (shop: Shop, order: number) =>
  [...shop.orders.map(({ id }) => id), NOBODYS].at(order % (shop.orders.length + 1)) as string;

const readOrder = fc.record({ caller: anyone, order: index }).map((params) =>
  command('read order', params, always, (shop, run, { caller, order }) => {
    const id = idOf(shop, order);
    const call = { service: 'orders' as const, path: `/orders/${id}`, caller };
    return read(run, call, (requestId) => shop.orderAsSeenBy(id, caller, requestId));
  }),
);
const readTimeline = fc.record({ caller: anyone, order: index }).map((params) =>
  command('read timeline', params, always, (shop, run, { caller, order }) => {
    const id = idOf(shop, order);
    const call = { service: 'orders' as const, path: `/orders/${id}/timeline`, caller };
    return read(run, call, (requestId) => shop.timelineAsSeenBy(id, caller, requestId));
  }),
);
const listOrders = fc
  .record({
    caller: anyone,
    of: storefront,
    status: maybe(fc.constantFrom(...statuses)),
    customerId: maybe(fc.constantFrom('c-1', 'c-2', 'c-3')),
    sku: maybe(anySku),
    limit: fc.constantFrom(1, 2, 100),
  })
  .map((params) =>
    command('list orders', params, always, async (shop, run, { caller, of, limit, ...filter }) => {
      const clientId = callerOf(run, of).clientId;
      const seesAll = callerOf(run, caller).group === 'backoffice';
      const listed = await list(run, caller, { ...filter, limit, ...(seesAll && { clientId }) });
      const expected = shop.ordersAsSeenBy(caller, { ...filter, clientId });
      expect(listed.map(({ id, status, version }) => ({ id, status, version }))).toEqual(
        expected.map(({ id, status, version }) => ({ id, status, version })),
      );
    }),
  );

/** Reads all pages; a page may be short, but not longer than the limit. */
export async function list(
  run: Run,
  caller: CallerName,
  filter: Record<string, string | number | undefined>,
): Promise<{ id: string; status: string; version: number }[]> {
  const given = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const items = [];
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams([...given, ...(cursor ? [['cursor', cursor]] : [])] as [string, string][]);
    const { status, body } = await run.services.call({
      service: 'orders',
      method: 'GET',
      path: `/orders?${query}`,
      caller: callerOf(run, caller),
      requestId: newRequestId(),
    });
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(Number(filter.limit));
    items.push(...body.items);
    cursor = body.nextCursor;
    if (!cursor) return items;
  }
}

const readProduct = fc.record({ caller: anyone, sku: anySku }).map((params) =>
  command('read product', params, always, async (shop, run, { caller, sku }) => {
    await catchUp(shop, run);
    const call = { service: 'inventory' as const, path: `/products/${skuOf(run, sku)}`, caller };
    await read(run, call, (requestId) => shop.product(skuOf(run, sku), requestId));
  }),
);
const readMovements = fc.record({ caller: backOffice, sku: anySku }).map((params) =>
  command('read movements', params, always, async (shop, run, { caller, sku }) => {
    await catchUp(shop, run);
    const call = { service: 'inventory' as const, path: `/products/${skuOf(run, sku)}/movements?limit=100`, caller };
    await read(run, call, (requestId) => shop.movements(skuOf(run, sku), requestId));
  }),
);

const leave = fc.constant(
  command(
    'inventory leaves',
    {},
    (shop) => shop.isReachable(),
    async (shop, run) => {
      await catchUp(shop, run);
      shop.leave();
      await run.services.cutInventory();
    },
  ),
);
const comeBack = fc.constant(
  command(
    'inventory comes back',
    {},
    (shop) => !shop.isReachable(),
    async (shop, run) => {
      run.services.restoreInventory();
      shop.comeBack();
      await catchUp(shop, run);
    },
  ),
);

/** All commands of the API; frequent ones are listed several times. */
export const commands: fc.Arbitrary<Command>[] = [
  ...[create, rename, adjust, adjust, adjustAll, count],
  ...[place, place, place, place, place, place, place],
  ...[cancel, cancel, ship, ship, ship, ship, deliver, deliver],
  ...[repeat, repeat, repeat, repeat, repeat],
  ...[readOrder, readTimeline, listOrders, readProduct, readMovements],
  ...[leave, leave, leave, comeBack, comeBack, comeBack],
];

/** The initial state of a run: two products with stock, so that short sequences can place orders. */
export async function stockUp(shop: Shop, run: Run): Promise<void> {
  for (const name of ['A', 'B']) {
    const product = skuOf(run, name);
    const writes: Write[] = [
      { kind: 'create', sku: product, name: 'Mug' },
      { kind: 'adjust', sku: product, delta: 12, reason: 'delivery' },
    ];
    for (const write of writes) {
      const request: Sent = { write, caller: 'back', key: `key-${run.name}-${shop.sent.length}` };
      shop.sent.push(request);
      await send(shop, run, request);
    }
  }
}
