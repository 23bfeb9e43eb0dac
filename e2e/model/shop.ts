/*
 * The shop in memory: the HTTP contract as code, without clock, network or database. It executes each command before
 * the real services do, and returns the expected response. Values that the services generate (ids, numbers, times) are
 * taken from the first response that has them, and must not change afterwards.
 */
import {
  absorb,
  accepted,
  type Expected,
  ofOrder,
  ofProduct,
  problem,
  readProblem,
  reused,
  type Stored,
  TIME,
  UUID,
} from './expected.ts';
import { type Inventory, move, openInventory } from './inventory.ts';
import { newOrder, type Order, stepOf, take } from './order.ts';
import { type CallerName, fingerprintOf, type Sent, serviceOf, type Write } from './writes.ts';

interface Key {
  fingerprint: string;
  stored?: Stored;
  /** For a placed order: the key's final response is the order's. */
  order?: Order;
}

/** The result of a write, regardless of its key. */
interface Judged {
  expected: Expected;
  /** False: the key stays unused. */
  isFinal?: false;
  order?: Order;
}

export type Shop = ReturnType<typeof openShop>;

interface OrderFilter {
  status?: string;
  customerId?: string;
  clientId?: string;
  sku?: string;
}

interface State {
  inventory: Inventory;
  orders: Order[];
  keys: Map<string, Key>;
  clientOf: (caller: CallerName) => string;
}

/** An empty shop; `clientOf` returns client ids that no other run has. */
export function openShop(clientOf: (caller: CallerName) => string) {
  const inventory = openInventory();
  const state: State = { inventory, orders: [], keys: new Map(), clientOf };
  const sent: Sent[] = [];
  return {
    ...inventory,
    orders: state.orders,
    sent,
    ask: (request: Sent, requestId: string) => ask(state, request, requestId),
    ...views(state),
  };
}

/* ----------------------------------------------------------------------------------------------------------- writes */

/** The response to a keyed request: stored, or by the rules. */
function ask(state: State, { write, caller, key }: Sent, requestId: string): Expected {
  const name = `${serviceOf(write)} ${state.clientOf(caller)} ${key}`;
  const fingerprint = fingerprintOf(write);
  const known = state.keys.get(name);
  if (known) return known.fingerprint === fingerprint ? repeat(known) : reused(write, requestId);
  const judged = judge(state, write, caller, requestId);
  if (judged.isFinal === false) return judged.expected;
  const entry: Key = { fingerprint };
  state.keys.set(name, entry);
  const { status, body, location } = judged.expected;
  if (judged.order) entry.order = judged.order;
  else entry.stored = { status, body, location };
  return {
    ...judged.expected,
    learn(actual, text) {
      judged.expected.learn?.(actual, text);
      const stored = entry.order ? entry.order.final : entry.stored;
      if (stored) stored.text = text;
    },
  };
}

function repeat(known: Key): Expected {
  const { order } = known;
  const stored = order ? order.final : known.stored;
  if (order && !stored) return accepted(order);
  if (!stored) throw new Error('a known key has no response');
  if (order) order.replays += 1;
  return {
    ...stored,
    replayed: true,
    learn(_actual, text) {
      stored.text = text;
    },
  };
}

function judge(state: State, write: Write, caller: CallerName, requestId: string): Judged {
  switch (write.kind) {
    case 'place':
      return place(state, write, caller, requestId);
    case 'create':
      return create(state, write, requestId);
    case 'adjust-all':
      return adjustAll(state, write, caller, requestId);
    case 'rename':
    case 'adjust':
    case 'count':
      return changeProduct(state, write, caller, requestId);
    default:
      return changeOrder(state, write, caller, requestId);
  }
}

function refuse(write: Write, requestId: string, status: number, code: string, members: object = {}): Judged {
  return { expected: problem(write, status, code, requestId, members) };
}

function create({ inventory: { products } }: State, write: Write & { kind: 'create' }, requestId: string): Judged {
  const { sku, name } = write;
  if (products.has(sku)) return refuse(write, requestId, 409, 'product-exists', { sku });
  const product = { sku, name, onHand: 0, reserved: 0, movements: [] };
  products.set(sku, product);
  return { expected: { ...ofProduct(product, 201), location: `/products/${sku}` } };
}

function changeProduct(
  { inventory, clientOf }: State,
  write: Write & { kind: 'rename' | 'adjust' | 'count' },
  caller: CallerName,
  requestId: string,
): Judged {
  const product = inventory.products.get(write.sku);
  if (!product) return { ...refuse(write, requestId, 404, 'product-not-found'), isFinal: false };
  if (write.kind === 'rename') {
    if (product.name !== write.name) product.updatedAt = undefined;
    product.name = write.name;
    return { expected: ofProduct(product, 200) };
  }
  const { sku, onHand, reserved } = product;
  const available = onHand - reserved;
  if (write.kind === 'count' && write.expected !== onHand) {
    const members = { sku, expected: write.expected, onHand, reserved, available };
    return refuse(write, requestId, 409, 'stock-changed', members);
  }
  const delta = write.kind === 'count' ? write.counted - onHand : write.delta;
  if (-delta > available) {
    return refuse(write, requestId, 409, 'insufficient-stock', { sku, requested: -delta, available });
  }
  // A count that equals the stock has no row in the ledger.
  if (delta !== 0) {
    const reason = write.kind === 'count' ? 'count' : write.reason;
    move(product, { kind: 'adjusted', onHand: delta, reserved: 0, cause: {}, actor: clientOf(caller), reason });
  }
  return { expected: ofProduct(product, 200) };
}

/** Each member as if it was sent alone, under its own key; of equal keys in one call, the first counts. */
function adjustAll(
  state: State,
  { adjustments }: Write & { kind: 'adjust-all' },
  caller: CallerName,
  requestId: string,
): Judged {
  const firsts = new Map<string, { fingerprint: string; answer: Expected }>();
  const answers = adjustments.map(({ key, ...asked }) => {
    const write: Write = { kind: 'adjust', ...asked };
    const fingerprint = fingerprintOf(write);
    const first = firsts.get(key);
    if (first) return first.fingerprint === fingerprint ? first.answer : reused(write, requestId);
    const answer = ask(state, { write, caller, key }, requestId);
    firsts.set(key, { fingerprint, answer });
    return answer;
  });
  const results = answers.map(({ body }, index) => {
    const { onHand, code } = body as { onHand?: number; code?: string };
    return { key: adjustments[index]?.key, ...(code ? { code } : { onHand }) };
  });
  const isFinal = answers.every(({ status }) => status === 200 || status === 409);
  return { expected: { status: 200, body: { results } }, ...(!isFinal && { isFinal: false }) };
}

function changeOrder(
  state: State,
  write: Write & { kind: 'cancel' | 'ship' | 'deliver' },
  caller: CallerName,
  requestId: string,
): Judged {
  const order = visibleOrder(state, write.orderId, caller);
  if (!order) return { ...refuse(write, requestId, 404, 'order-not-found'), isFinal: false };
  const step = stepOf(order, write);
  if (step.kind === 'refused') return refuse(write, requestId, 409, step.code, step.members);
  if (step.kind === 'taken') {
    take(order, step, { actor: state.clientOf(caller), correlationId: requestId });
    if (step.to === 'cancelled') state.inventory.send('release', order);
    if (step.to === 'shipped') state.inventory.send('fulfil', order);
  }
  return { expected: ofOrder(order) };
}

function place(
  { inventory, orders, clientOf }: State,
  write: Write & { kind: 'place' },
  caller: CallerName,
  correlationId: string,
): Judged {
  const order = newOrder(write, clientOf(caller), correlationId);
  orders.push(order);
  if (inventory.isReachable()) {
    inventory.hold(order);
    const { status, body, location } = order.final as Stored;
    // biome-ignore lint/suspicious/noExplicitAny: it has been compared
    const learn = (actual: any) => {
      order.id = actual.orderId ?? actual.id;
      if (status === 201) absorb(order, actual);
      else order.final = { status, body: actual };
    };
    return { order, expected: { status, body, location, learn } };
  }
  order.timeline.push({ type: 'queued', actor: 'order-service', correlationId });
  inventory.send('hold', order);
  // biome-ignore lint/suspicious/noExplicitAny: it has been compared
  const learn = (actual: any) => {
    order.id = actual.id;
    absorb(order, actual);
  };
  return { order, expected: { ...accepted(order), learn } };
}

/* ------------------------------------------------------------------------------------------------------------ reads */

function views(state: State) {
  const { orders, clientOf } = state;
  const { products } = state.inventory;
  return {
    orderAsSeenBy(id: string, caller: CallerName, requestId: string): Expected {
      const order = visibleOrder(state, id, caller);
      return order ? ofOrder(order) : readProblem(`/orders/${id}`, 'order-not-found', requestId);
    },
    timelineAsSeenBy(id: string, caller: CallerName, requestId: string): Expected {
      const order = visibleOrder(state, id, caller);
      if (!order) return readProblem(`/orders/${id}/timeline`, 'order-not-found', requestId);
      return { status: 200, body: { items: order.timeline.map((entry) => ({ ...entry, at: TIME })) } };
    },
    /** Newest first. */
    ordersAsSeenBy(caller: CallerName, filter: OrderFilter) {
      return orders
        .filter(
          (order) =>
            (seesAll(caller) ? order.clientId === filter.clientId : order.clientId === clientOf(caller)) &&
            (filter.status === undefined || order.status === filter.status) &&
            (filter.customerId === undefined || order.customerId === filter.customerId) &&
            (filter.sku === undefined || order.lines.some(({ sku }) => sku === filter.sku)),
        )
        .reverse();
    },
    product(sku: string, requestId: string): Expected {
      const product = products.get(sku);
      return product ? ofProduct(product, 200) : readProblem(`/products/${sku}`, 'product-not-found', requestId);
    },
    /** Newest first. */
    movements(sku: string, requestId: string): Expected {
      const product = products.get(sku);
      if (!product) return readProblem(`/products/${sku}/movements`, 'product-not-found', requestId);
      const items = product.movements
        .map(({ cause, ...movement }) => ({
          ...movement,
          id: expect.stringMatching(/^\d+$/),
          causeId: cause.id ?? UUID,
          at: TIME,
        }))
        .reverse();
      const learn = ({ items: actual }: { items: { causeId: string }[] }) => {
        for (const [index, { cause }] of product.movements.toReversed().entries()) cause.id ??= actual[index]?.causeId;
      };
      return { status: 200, body: { items }, learn };
    },
  };
}

function visibleOrder({ orders, clientOf }: State, id: string, caller: CallerName): Order | undefined {
  const order = orders.find((one) => one.id === id);
  return order && (seesAll(caller) || order.clientId === clientOf(caller)) ? order : undefined;
}

function seesAll(caller: CallerName): boolean {
  return caller === 'back' || caller === 'other-back';
}
