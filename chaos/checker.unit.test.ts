import type { Check } from './checker.ts';
import { checkEvidence } from './checker.ts';
import type { Evidence, Movement, SessionCall, StoredOrder } from './evidence.ts';
import { type Operation, type Try, verdictOf } from './history.ts';

/*
 * The evidence of a correct run: orders of one SKU, one for each history that an order can have, one that another client placed
 * with the key of the first, and one of a shopper, Ada, with a session that she ended and one that was stolen. Each test changes one thing and names the rule that must find it.
 */

const placed = (id: string) => ({ status: 201, text: `{"id":"${id}"}`, location: `/orders/${id}` });
const problem = (status: number, code: string, more = {}) => ({
  status,
  code,
  text: JSON.stringify({ code, ...more }),
});

function tryOf(at: number, answer?: Try['answer'], variant = 0): Try {
  return answer
    ? { variant, sentAt: at, endedAt: at + 5, answer }
    : { variant, sentAt: at, endedAt: at + 5, cause: 'lost' };
}

function placing(id: string, quantity: number, ...tries: Try[]): Operation {
  const lines = [[{ sku: 'A', quantity }], [{ sku: 'A', quantity: quantity + 1 }]];
  const common = { kind: 'place', client: 'storefront', path: '/orders', customerId: `c-${id}` } as const;
  return { ...common, key: `k-${id}`, bodies: ['1', '2'], lines, tries };
}

function step(kind: 'cancel' | 'ship' | 'deliver', orderId: string, ...tries: Try[]): Operation {
  const shipments = [{ carrier: 'DHL', trackingNumber: '1' }];
  return {
    kind,
    client: 'back office',
    key: `${kind}-${orderId}`,
    path: `/orders/${orderId}/${kind}`,
    bodies: ['{}'],
    orderId,
    shipments,
    tries,
  };
}

function order(id: string, quantity: number, path: string[]): StoredOrder {
  const status = path.at(-1) ?? '';
  const isShipped = status === 'shipped' || status === 'delivered';
  return {
    id,
    client: { shared: 'other storefront', mine: 'web' }[id] ?? 'storefront',
    customerId: id === 'mine' ? 'ada' : `c-${id}`,
    key: id === 'shared' ? 'k-confirmed' : `k-${id}`,
    status,
    firstOutcome: path[1] ?? null,
    version: path.length,
    carrier: isShipped ? 'DHL' : null,
    trackingNumber: isShipped ? '1' : null,
    awaiting: null,
    lines: [{ sku: 'A', quantity }],
  };
}

const paths: Record<string, string[]> = {
  confirmed: ['placed', 'confirmed'],
  rejected: ['placed', 'rejected'],
  shared: ['placed', 'rejected'],
  mine: ['placed', 'rejected'],
  early: ['placed', 'cancelled'],
  cancelled: ['placed', 'confirmed', 'cancelled'],
  shipped: ['placed', 'confirmed', 'shipped'],
  delivered: ['placed', 'confirmed', 'shipped', 'delivered'],
};
const quantities: Record<string, number> = {
  confirmed: 2,
  rejected: 90,
  shared: 90,
  mine: 90,
  early: 1,
  cancelled: 3,
  shipped: 4,
  delivered: 5,
};
const states: Record<string, string> = {
  confirmed: 'held',
  rejected: 'rejected',
  shared: 'rejected',
  mine: 'rejected',
  early: 'released',
  cancelled: 'released',
  shipped: 'fulfilled',
  delivered: 'fulfilled',
};

function move(kind: string, causeId: string, deltaOnHand: number, deltaReserved: number): Movement {
  return { sku: 'A', kind, causeId, deltaOnHand, deltaReserved };
}

function call(
  what: SessionCall['what'],
  sentAt: number,
  token: string,
  [status, gave]: [number?, string?] = [],
): SessionCall {
  const code = status === 401 ? 'session-ended' : undefined;
  return { what, token, sentAt, endedAt: sentAt + 5, status, code, gave };
}

function sessionsOfAda(): Evidence['sessions'] {
  return [
    {
      shopper: 'ada',
      calls: [
        call('sign-in', 0, '', [201, 't1']),
        call('refresh', 10, 't1'),
        call('refresh', 20, 't1', [200, 't2']),
        call('sign-out', 30, '', [204]),
        call('again', 40, 't2', [401]),
      ],
    },
    {
      shopper: 'ada',
      calls: [
        call('sign-in', 50, '', [201, 'u1']),
        call('refresh', 60, 'u1', [200, 'u2']),
        call('refresh', 70, 'u2', [200, 'u3']),
        call('stolen', 80, 'u1', [401]),
        call('again', 90, 'u3', [401]),
      ],
    },
  ];
}

function rightEvidence(): Evidence {
  const ids = Object.keys(paths);
  const quantity = (id: string) => quantities[id] ?? 0;
  const orders = ids.map((id) => order(id, quantity(id), paths[id] ?? []));
  return {
    operations: [
      {
        kind: 'adjust',
        client: 'back office',
        key: 'stock',
        path: '/',
        bodies: ['{}'],
        stock: { sku: 'A', deltas: [50] },
        tries: [tryOf(0, { status: 200, text: '{}' })],
      },
      placing(
        'confirmed',
        2,
        tryOf(1),
        tryOf(2, problem(503, 'unavailable')),
        tryOf(9, placed('confirmed')),
        tryOf(20, placed('confirmed')),
        tryOf(30, problem(422, 'idempotency-key-reused'), 1),
      ),
      placing('rejected', 90, tryOf(1, problem(409, 'order-rejected', { orderId: 'rejected' }))),
      {
        ...placing('shared', 90, tryOf(1, problem(409, 'order-rejected', { orderId: 'shared' }))),
        client: 'other storefront',
        key: 'k-confirmed',
      },
      {
        ...placing('mine', 90, tryOf(1, problem(409, 'order-rejected', { orderId: 'mine' }))),
        ...{ client: 'web', customerId: 'ada', shopper: { account: 'ada', accessToken: '' } },
      },
      placing(
        'early',
        1,
        tryOf(1, { ...placed('early'), status: 202, text: '{"id":"early","status":"pending"}' }),
        tryOf(9, problem(409, 'order-cancelled', { orderId: 'early' })),
      ),
      placing('cancelled', 3, tryOf(1, placed('cancelled'))),
      placing('shipped', 4, tryOf(1, placed('shipped'))),
      placing('delivered', 5, tryOf(1, placed('delivered'))),
      step('cancel', 'early', tryOf(5, { status: 200, text: '{}' })),
      step('cancel', 'cancelled', tryOf(9, { status: 200, text: '{}' })),
      step('ship', 'cancelled', tryOf(20, problem(409, 'illegal-transition', { from: 'cancelled', to: 'shipped' }))),
      step('ship', 'shipped', tryOf(9, { status: 200, text: '{}' })),
      step('ship', 'delivered', tryOf(9, { status: 200, text: '{}' })),
      step('deliver', 'delivered', tryOf(20, { status: 200, text: '{}' })),
      {
        kind: 'read',
        client: 'storefront',
        key: '',
        path: '/orders/confirmed',
        bodies: [],
        tries: [tryOf(20, { status: 200, text: '{}' })],
      },
    ],
    orders,
    timeline: ids.flatMap((id) => (paths[id] ?? []).map((type) => ({ orderId: id, type, at: '', correlationId: '' }))),
    listed: orders.map(({ id, client, customerId, status, version }) => ({
      client,
      id,
      customerId,
      status,
      version,
    })),
    events: ids.flatMap((id) =>
      (paths[id] ?? []).map((type, index) => ({
        messageId: `${id}-${index}`,
        orderId: id,
        type: `order.${type}`,
        version: index + 1,
      })),
    ),
    streamed: {
      changes: ids.flatMap((id) => (paths[id] ?? []).map((_, index) => ({ orderId: id, version: index + 1 }))),
      resets: 0,
      failures: [],
    },
    skus: ['A'],
    levels: [{ sku: 'A', onHand: 41, reserved: 2 }],
    movements: [
      move('adjusted', 'adjustment', 50, 0),
      move('held', 'confirmed', 0, 2),
      ...[['cancelled', 3] as const].flatMap(([id, n]) => [move('held', id, 0, n), move('released', id, 0, -n)]),
      ...[['shipped', 4] as const, ['delivered', 5] as const].flatMap(([id, n]) => [
        move('held', id, 0, n),
        move('fulfilled', id, -n, -n),
      ]),
    ],
    reservations: ids.map((id) => ({ id, state: states[id] ?? '' })),
    reservationLines: ids
      .filter((id) => id !== 'early')
      .map((id) => ({ reservationId: id, sku: 'A', quantity: quantity(id) })),
    deadLetters: [{ queue: 'q.dead-letter', messages: 0 }],
    samples: { checked: 9, findings: [] },
    unfinished: { orders: [], places: [] },
    shoppers: ['ada'],
    sessions: sessionsOfAda(),
    sightings: [
      { shopper: 'ada', where: '/orders', orderId: 'mine' },
      { shopper: 'ada', where: '/orders/confirmed' },
    ],
    shown: (['/orders', '/accounts/me/orders'] as const).map((where) => ({
      ...{ shopper: 'ada', where, id: 'mine', status: 'rejected', version: 2 },
    })),
    histories: [{ id: 'mine', account: 'ada', status: 'rejected', version: 2 }],
    digests: { orders: ['1-a', '0-0'], histories: ['1-a', '0-0'] },
    crashes: [],
    connections: [{ place: 'order-db', before: 8, after: 10 }],
    memory: [
      { name: 'order-1', pid: 1, ageSeconds: 60, mostMb: 210, grownUpMb: 100, endMb: 190 },
      { name: 'order-2', pid: 2, ageSeconds: 3, mostMb: 250 },
    ],
    availability: [
      { what: 'nothing broken', kinds: { place: { calls: 200, accepted: 0, failed: 0, longestGapMs: 100 } } },
      { what: 'order-1 kill', kinds: { place: { calls: 400, accepted: 12, failed: 9, longestGapMs: 900 } } },
    ],
  };
}

const brokenRules = (evidence: Evidence) =>
  checkEvidence(evidence)
    .filter(({ violations }: Check) => violations.length > 0)
    .map(({ rule }) => rule);

const operationOf = (evidence: Evidence, key: string): Operation => {
  const operation = evidence.operations.find((one) => one.key === key);
  if (!operation) throw new Error(`no operation ${key}`);
  return operation;
};
const orderOf = (evidence: Evidence, id: string): StoredOrder => {
  const found = evidence.orders.find((one) => one.id === id);
  if (!found) throw new Error(`no order ${id}`);
  return found;
};
const reservationOf = (evidence: Evidence, id: string) => {
  const found = evidence.reservations.find((one) => one.id === id);
  if (!found) throw new Error(`no reservation ${id}`);
  return found;
};
const answersOf = (evidence: Evidence, key: string) => operationOf(evidence, key).tries;
function drop<T>(list: T[], isIt: (one: T) => boolean): void {
  const index = list.findIndex(isIt);
  if (index === -1) throw new Error('nothing to drop');
  list.splice(index, 1);
}

const breakages: [what: string, rule: string, spoil: (evidence: Evidence) => void][] = [
  [
    'an order that is never decided',
    'no unfinished work at the deadline',
    (e) => e.unfinished.orders.push({ id: 'confirmed', awaiting: 'reservation' }),
  ],
  [
    'a message that stays in an outbox',
    'no unfinished work at the deadline',
    (e) => e.unfinished.places.push('1 in the outbox of orders'),
  ],
  ['a process that died by itself', 'no process exited by itself', (e) => e.crashes.push('order-1')],
  [
    'a key without a final response',
    'every request got a final response',
    (e) => answersOf(e, 'k-shipped').splice(0, 1, tryOf(1)),
  ],
  [
    'an order that a reader does not find',
    'every response conforms to the contract',
    (e) => answersOf(e, '').push(tryOf(40, problem(404, 'order-not-found'))),
  ],
  [
    'a decided order with a 202',
    '202 shows an order that is not decided',
    (e) =>
      answersOf(e, 'k-shipped').unshift(
        tryOf(0, { ...placed('shipped'), status: 202, text: '{"id":"shipped","status":"confirmed"}' }),
      ),
  ],
  [
    'an internal error',
    'no internal error',
    (e) => answersOf(e, 'k-shipped').unshift(tryOf(0, problem(500, 'internal'))),
  ],
  [
    'a repeat with another body',
    'a key always gets its first final response',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, { ...placed('shipped'), text: '{"id":"shipped" }' })),
  ],
  [
    'a repeat with another status',
    'a key always gets its first final response',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, problem(409, 'order-cancelled', { orderId: 'shipped' }))),
  ],
  [
    'a repeat without its Location',
    'a key always gets its first final response',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, { ...placed('shipped'), location: undefined })),
  ],
  [
    'a 202 after the final response',
    'a key always gets its first final response',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, { ...placed('shipped'), status: 202 })),
  ],
  [
    'a second payload that was executed too',
    'a key belongs to one request',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, placed('shipped'), 1)),
  ],
  [
    'the owner of a key refused with 422',
    'a key belongs to one request',
    (e) => answersOf(e, 'k-shipped').push(tryOf(30, problem(422, 'idempotency-key-reused'))),
  ],
  [
    'an order with the lines of the refused payload',
    'a key belongs to one request',
    (e) => orderOf(e, 'shipped').lines.splice(0, 1, { sku: 'A', quantity: 5 }),
  ],
  ['two orders for a key', 'one order per key', (e) => e.orders.push({ ...orderOf(e, 'rejected'), id: 'twin' })],
  [
    'two orders for a request under different keys',
    'one order per key',
    (e) => e.orders.push({ ...orderOf(e, 'rejected'), id: 'twin', key: 'k2' }),
  ],
  ['a confirmed order that is lost', 'one order per key', (e) => drop(e.orders, ({ id }) => id === 'shipped')],
  [
    'an answer that names the order of another key',
    'one order per key',
    (e) => answersOf(e, 'k-shipped').splice(0, 1, tryOf(1, placed('confirmed'))),
  ],
  ['an order without a request', 'one order per key', (e) => e.orders.push(order('ghost', 1, ['placed', 'rejected']))],
  ['a key that was lost to another client', 'one order per key', (e) => drop(e.orders, ({ id }) => id === 'shared')],
  [
    "the order of another client's request with the same key",
    'one order per key',
    (e) => answersOf(e, 'k-confirmed').push(tryOf(50, placed('shared'))),
  ],
  [
    '201 for an order that was never confirmed',
    'answers agree with the orders',
    (e) => answersOf(e, 'k-rejected').splice(0, 1, tryOf(1, placed('rejected'))),
  ],
  [
    'a shipment with a response and without effect',
    'answers agree with the orders',
    (e) => e.operations.push(step('ship', 'confirmed', tryOf(9, { status: 200, text: '{}' }))),
  ],
  [
    'a cancellation with a response that was undone',
    'answers agree with the orders',
    (e) => e.operations.push({ ...step('cancel', 'delivered', tryOf(9, { status: 200, text: '{}' })), key: 'x' }),
  ],
  [
    'a refusal for a status that the order never had',
    'answers agree with the orders',
    (e) =>
      e.operations.push(step('ship', 'rejected', tryOf(9, problem(409, 'illegal-transition', { from: 'cancelled' })))),
  ],
  [
    'a refusal of a legal transition',
    'answers agree with the orders',
    (e) =>
      e.operations.push(step('ship', 'confirmed', tryOf(9, problem(409, 'illegal-transition', { from: 'confirmed' })))),
  ],
  [
    'a parcel with another tracking number',
    'answers agree with the orders',
    (e) => Object.assign(orderOf(e, 'shipped'), { trackingNumber: '2' }),
  ],
  [
    'an order that lists do not show',
    'lists show every order once',
    (e) => drop(e.listed, ({ id }) => id === 'shipped'),
  ],
  [
    'an order that lists show to another client',
    'lists show every order once',
    (e) => Object.assign(e.listed[0] ?? {}, { client: 'other storefront' }),
  ],
  ['an order that lists show twice', 'lists show every order once', (e) => e.listed.push(...e.listed.slice(0, 1))],
  [
    'an order that lists show in another status',
    'lists show every order once',
    (e) => Object.assign(e.listed[0] ?? {}, { status: 'cancelled' }),
  ],
  [
    'a change that is missing in the timeline',
    'histories are legal and complete',
    (e) => drop(e.timeline, ({ type }) => type === 'shipped'),
  ],
  [
    'an order that was confirmed twice',
    'histories are legal and complete',
    (e) => e.timeline.splice(2, 0, { orderId: 'confirmed', type: 'confirmed', at: '', correlationId: '' }),
  ],
  [
    'an order that was shipped after its cancellation',
    'histories are legal and complete',
    (e) => {
      e.timeline.push({ orderId: 'cancelled', type: 'shipped', at: '', correlationId: '' });
      Object.assign(orderOf(e, 'cancelled'), { status: 'shipped', version: 4 });
    },
  ],
  ['a missing event', 'events cover every history', (e) => drop(e.events, ({ type }) => type === 'order.shipped')],
  [
    'two different events for a version',
    'events cover every history',
    (e) => e.events.push({ messageId: 'other', orderId: 'shipped', type: 'order.shipped', version: 3 }),
  ],
  [
    'an event of a change that was rolled back',
    'events cover every history',
    (e) => e.events.push({ messageId: 'other', orderId: 'confirmed', type: 'order.shipped', version: 3 }),
  ],
  [
    'an event of an unknown order',
    'events cover every history',
    (e) => e.events.push({ messageId: 'other', orderId: 'ghost', type: 'order.placed', version: 1 }),
  ],
  [
    'a change that the stream left out',
    'the stream shows every change once',
    (e) => drop(e.streamed.changes, ({ orderId }) => orderId === 'rejected'),
  ],
  [
    'a change that came twice',
    'the stream shows every change once',
    (e) => e.streamed.changes.push({ orderId: 'shipped', version: 3 }),
  ],
  ['changes of an order in another order', 'the stream shows every change once', (e) => e.streamed.changes.reverse()],
  [
    'a change of an unknown order',
    'the stream shows every change once',
    (e) => e.streamed.changes.push({ orderId: 'ghost', version: 1 }),
  ],
  ['a stream that could not be resumed', 'the stream shows every change once', (e) => (e.streamed.resets += 1)],
  ['a stream that ended', 'the stream shows every change once', (e) => e.streamed.failures.push('RefusedError: 403')],
  [
    'a level that was temporarily negative',
    'no SKU negative or oversold at any time',
    (e) => e.samples.findings.push('A: -1'),
  ],
  [
    'more reserved than on hand',
    'no SKU negative or oversold at any time',
    (e) => Object.assign(e.levels[0] ?? {}, { reserved: 42 }),
  ],
  [
    'a level that the ledger does not explain',
    'ledger sums equal levels',
    (e) => Object.assign(e.levels[0] ?? {}, { onHand: 42 }),
  ],
  [
    'units that left the stock twice',
    'each cause moved stock once',
    (e) => e.movements.push(move('fulfilled', 'shipped', -4, -4)),
  ],
  [
    'units that were released and fulfilled',
    'each cause moved stock once',
    (e) => e.movements.push(move('released', 'shipped', 0, -4)),
  ],
  [
    'held stock without an order',
    'reserved is what confirmed orders hold',
    (e) => Object.assign(e.levels[0] ?? {}, { reserved: 3 }),
  ],
  [
    'a cancelled order that still holds stock',
    'reservations agree with orders',
    (e) => Object.assign(reservationOf(e, 'cancelled'), { state: 'held' }),
  ],
  [
    'a shipped order that was not fulfilled',
    'reservations agree with orders',
    (e) => Object.assign(reservationOf(e, 'shipped'), { state: 'held' }),
  ],
  [
    'a confirmed order without stock',
    'reservations agree with orders',
    (e) => drop(e.reservations, ({ id }) => id === 'confirmed'),
  ],
  [
    'a reservation of other units',
    'reservations agree with orders',
    (e) => Object.assign(e.reservationLines[0] ?? {}, { quantity: 1 }),
  ],
  [
    'a reservation without an order',
    'reservations agree with orders',
    (e) => e.reservations.push({ id: 'ghost', state: 'held' }),
  ],
  [
    'an adjustment that was made twice',
    'each adjustment took effect once',
    (e) => Object.assign(e.levels[0] ?? {}, { onHand: 91 }),
  ],
  [
    'an adjustment that was lost',
    'each adjustment took effect once',
    (e) => Object.assign(e.levels[0] ?? {}, { onHand: -9 }),
  ],
  [
    'connections that were not closed',
    'connections are back to what they were',
    (e) => Object.assign(e.connections[0] ?? {}, { after: 11 }),
  ],
  [
    'a process that temporarily used too much memory',
    'memory stays in bounds',
    (e) => Object.assign(e.memory[1] ?? {}, { mostMb: 300 }),
  ],
  [
    'memory that keeps growing',
    'memory stays in bounds',
    (e) => Object.assign(e.memory[0] ?? {}, { mostMb: 201, endMb: 201 }),
  ],
  [
    'orders that mostly waited while one of two processes was down',
    'one of two processes is enough',
    (e) => Object.assign(e.availability[1]?.kinds.place ?? {}, { accepted: 60 }),
  ],
  [
    'a refresh that works after the sign-out',
    'a session that has ended stays ended',
    (e) => e.sessions[0]?.calls.push(call('again', 50, 't2', [200, 't3'])),
  ],
  [
    'a refresh that works after a theft',
    'a session that has ended stays ended',
    (e) => e.sessions[1]?.calls.push(call('again', 99, 'u3', [200, 'u4'])),
  ],
  [
    'a theft that nobody notices',
    'a session that has ended stays ended',
    (e) => e.sessions[1]?.calls.splice(3, 1, call('stolen', 80, 'u1', [200, 'u2'])),
  ],
  [
    'a lost answer that ends the session',
    'a lost answer ends no session',
    (e) => e.sessions[0]?.calls.splice(2, 1, call('refresh', 20, 't1', [401])),
  ],
  [
    'a token with two successors',
    'a lost answer ends no session',
    (e) => e.sessions[0]?.calls.splice(3, 0, call('refresh', 25, 't1', [200, 't9'])),
  ],
  [
    'a refresh that is never answered',
    'a lost answer ends no session',
    (e) => e.sessions[0]?.calls.splice(2, 1, call('refresh', 20, 't1', [503])),
  ],
  [
    'a sign-in that is refused',
    'a lost answer ends no session',
    (e) => e.sessions[0]?.calls.splice(0, 1, call('sign-in', 0, '', [401])),
  ],
  [
    'an order of another shopper in a list',
    'nobody sees the orders of another',
    (e) => Object.assign(e.sightings[0] ?? {}, { shopper: 'grace' }),
  ],
  [
    'the order of a machine that names the account as its customer',
    'nobody sees the orders of another',
    (e) => {
      orderOf(e, 'confirmed').customerId = 'ada';
      e.sightings.push({ shopper: 'ada', where: '/orders', orderId: 'confirmed' });
    },
  ],
  [
    'a history that is behind',
    'order histories equal the orders',
    (e) => Object.assign(e.histories[0] ?? {}, { status: 'pending', version: 1 }),
  ],
  ['an order without a history', 'order histories equal the orders', (e) => e.histories.splice(0)],
  [
    'a history without an order',
    'order histories equal the orders',
    (e) => e.histories.push({ id: 'confirmed', account: null, status: 'confirmed', version: 2 }),
  ],
  [
    'an order that its shopper does not find',
    'order histories equal the orders',
    (e) => drop(e.shown, ({ where }) => where === '/accounts/me/orders'),
  ],
  ['digests that differ', 'order histories equal the orders', (e) => e.digests.histories.splice(0, 1, '1-b')],
  ['a dead letter', 'no dead letters', (e) => Object.assign(e.deadLetters[0] ?? {}, { messages: 1 })],
];

describe('checkEvidence', () => {
  it('finds nothing in a correct run', () => {
    expect(brokenRules(rightEvidence())).toEqual([]);
  });

  it.each(breakages)('finds %s', (_, rule, spoil) => {
    const evidence = rightEvidence();
    spoil(evidence);
    expect(brokenRules(evidence)).toContain(rule);
  });

  it('has a test for each of its rules', () => {
    expect(new Set(breakages.map(([, rule]) => rule))).toEqual(
      new Set(checkEvidence(rightEvidence()).map(({ rule }) => rule)),
    );
  });

  it('treats a tombstone, and an order without a reservation, as released', () => {
    const evidence = rightEvidence();
    drop(evidence.reservations, ({ id }) => id === 'early');
    expect(brokenRules(evidence)).toEqual([]);
  });

  it('requires no response for a client that never retried', () => {
    const evidence = rightEvidence();
    evidence.operations.push({ ...placing('nothing', 1, tryOf(1)), isForsaken: true });
    expect(brokenRules(evidence)).toEqual([]);
  });

  it('allows two clients the same key', () => {
    const evidence = rightEvidence();
    Object.assign(operationOf(evidence, 'cancel-early'), { key: '1-cancellation', client: 'storefront' });
    Object.assign(operationOf(evidence, 'cancel-cancelled'), { key: '1-cancellation', client: 'other storefront' });
    expect(brokenRules(evidence)).toEqual([]);
  });

  it('allows an event twice, when it is the same one', () => {
    const evidence = rightEvidence();
    evidence.events.push(...evidence.events.slice(0, 2));
    expect(brokenRules(evidence)).toEqual([]);
  });
});

it('repeats the call of a shopper whose token a process with a wrong clock refuses', () => {
  expect(verdictOf(tryOf(0, problem(401, 'not-signed-in')))).toBe('again');
  expect(verdictOf(tryOf(0, problem(401, 'unauthenticated')))).toBe('unexpected');
});
