/*
 * The shop in memory: what the HTTP contract says of every command, with no clock, no network and no database. It is
 * told of each command before the real services are asked, and says what they must answer; what only they can know
 * (ids, numbers, times) it learns from the first answer that shows it, and holds them to it from then on.
 *
 * While inventory-service cannot be reached, its commands wait in a queue; they take effect, in order, when it is back.
 */

export type CallerName = 'ada' | 'bob' | 'back' | 'other-back';

export interface Line {
  sku: string;
  quantity: number;
  unitPrice?: number;
}

/** A keyed request, as it is meant. */
export type Write =
  | { kind: 'create'; sku: string; name: string }
  | { kind: 'rename'; sku: string; name: string }
  | { kind: 'adjust'; sku: string; delta: number; reason: string }
  | { kind: 'place'; customerId: string; currency: string; lines: Line[] }
  | { kind: 'cancel'; orderId: string; reason?: string }
  | { kind: 'ship'; orderId: string; carrier: string; trackingNumber: string }
  | { kind: 'deliver'; orderId: string };

export interface Sent {
  write: Write;
  caller: CallerName;
  key: string;
}

/** What must come back. */
export interface Expected {
  status: number;
  /** To be equal to the JSON; unknown values are matchers. */
  body: unknown;
  /** The very bytes, where they were seen before. */
  text?: string;
  location?: unknown;
  replayed?: boolean;
  retryAfter?: boolean;
  /** Take over what only the services know. */
  // biome-ignore lint/suspicious/noExplicitAny: it has been compared with `body`
  learn?: (body: any, text: string) => void;
}

interface Product {
  sku: string;
  name: string;
  onHand: number;
  reserved: number;
  createdAt?: string;
  updatedAt?: string;
  /** Oldest first. */
  movements: { kind: string; deltaOnHand: number; deltaReserved: number; cause: { id?: string }; actor: string }[];
}

type Status = 'pending' | 'confirmed' | 'rejected' | 'cancelled' | 'shipped' | 'delivered';

export interface Order {
  id: string;
  number?: string;
  clientId: string;
  customerId: string;
  currency: string;
  lines: Line[];
  status: Status;
  rejection?: { lines: object[] };
  shipment?: { carrier: string; trackingNumber: string };
  cancellation?: { reason?: string };
  createdAt?: string;
  updatedAt?: string;
  version: number;
  /** Of the request that placed it. */
  correlationId: string;
  timeline: { type: string; actor: string; correlationId: string; detail?: object }[];
  /** The final answer to the request that placed it. */
  final?: Stored;
  replays: number;
  reservation?: 'held' | 'rejected' | 'released' | 'fulfilled';
}

/** A final answer: its bytes are known once it was seen. */
interface Stored {
  status: number;
  body: unknown;
  text?: string;
  location?: unknown;
}

interface Key {
  fingerprint: string;
  stored?: Stored;
  /** Of a placed order: its final answer is the order's. */
  order?: Order;
}

export type Shop = ReturnType<typeof openShop>;

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const NUMBER = expect.stringMatching(/^ORD-[1-9]\d*$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);

/** An empty shop; `clientOf` gives the callers ids that no other run has. */
export function openShop(clientOf: (caller: CallerName) => string) {
  const products = new Map<string, Product>();
  const orders: Order[] = [];
  const keys = new Map<string, Key>();
  const sent: Sent[] = [];
  /** What inventory-service has been told by message, and has not heard. */
  const waiting: { kind: 'hold' | 'release' | 'fulfil'; order: Order }[] = [];
  let reachable = true;

  /** A keyed request: by its key, or by the rules. */
  function ask(request: Sent, requestId: string): Expected {
    const { write, caller, key } = request;
    const name = `${serviceOf(write)} ${clientOf(caller)} ${key}`;
    const fingerprint = fingerprintOf(write);
    const known = keys.get(name);
    if (known) return known.fingerprint === fingerprint ? repeat(known) : reused(write, requestId);
    const judged = judge(write, caller, requestId);
    if (judged.isFinal === false) return judged.expected;
    const entry: Key = { fingerprint };
    keys.set(name, entry);
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
    if (!stored) throw new Error('a known key has no answer');
    if (order) order.replays += 1;
    return {
      ...stored,
      replayed: true,
      learn(_actual, text) {
        stored.text = text;
      },
    };
  }

  function judge(
    write: Write,
    caller: CallerName,
    requestId: string,
  ): { expected: Expected; isFinal?: false; order?: Order } {
    const refuse = (status: number, code: string, members: object = {}) => ({
      expected: problem(write, status, code, requestId, members),
    });
    if (write.kind === 'place') return place(write, caller, requestId);
    if (write.kind === 'create') {
      if (products.has(write.sku)) return refuse(409, 'product-exists', { sku: write.sku });
      const product: Product = { sku: write.sku, name: write.name, onHand: 0, reserved: 0, movements: [] };
      products.set(write.sku, product);
      return { expected: { ...ofProduct(product, 201), location: `/products/${product.sku}` } };
    }
    if (write.kind === 'rename' || write.kind === 'adjust') {
      const product = products.get(write.sku);
      if (!product) return { ...refuse(404, 'product-not-found'), isFinal: false };
      if (write.kind === 'rename') {
        if (product.name !== write.name) product.updatedAt = undefined;
        product.name = write.name;
        return { expected: ofProduct(product, 200) };
      }
      const available = product.onHand - product.reserved;
      if (-write.delta > available) {
        return refuse(409, 'insufficient-stock', { sku: write.sku, requested: -write.delta, available });
      }
      move(product, 'adjusted', { onHand: write.delta, reserved: 0 }, {}, clientOf(caller));
      return { expected: ofProduct(product, 200) };
    }
    const order = visibleOrder(write.orderId, caller);
    if (!order) return { ...refuse(404, 'order-not-found'), isFinal: false };
    const step = stepOf(order, write);
    if (step.kind === 'refused') return refuse(409, step.code, step.members);
    if (step.kind === 'taken') {
      const { detail } = step;
      if (order.status === 'pending') {
        const occurrence = { traceId: requestId, instance: '/orders' };
        order.final = { status: 409, body: problemBody(409, 'order-cancelled', occurrence, { orderId: order.id }) };
      }
      change(order, step.to, { actor: clientOf(caller), correlationId: requestId, detail });
      if (step.to === 'cancelled') waiting.push({ kind: 'release', order });
      if (step.to === 'shipped') waiting.push({ kind: 'fulfil', order });
    }
    return { expected: ofOrder(order) };
  }

  function place(write: Write & { kind: 'place' }, caller: CallerName, correlationId: string) {
    const actor = clientOf(caller);
    const order: Order = {
      id: '',
      clientId: actor,
      customerId: write.customerId,
      currency: write.currency,
      lines: mergeLines(write.lines),
      status: 'pending',
      version: 1,
      correlationId,
      timeline: [{ type: 'placed', actor, correlationId }],
      replays: 0,
    };
    orders.push(order);
    if (reachable) {
      hold(order);
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
    waiting.push({ kind: 'hold', order });
    const expected = accepted(order);
    // biome-ignore lint/suspicious/noExplicitAny: it has been compared
    const learn = (actual: any) => {
      order.id = actual.id;
      absorb(order, actual);
    };
    return { order, expected: { ...expected, learn } };
  }

  /** inventory-service decides about an order's stock. */
  function hold(order: Order): void {
    const demand = demandOf(order.lines);
    const shortages = demand.flatMap(({ sku, quantity }) => {
      const product = products.get(sku);
      const available = product ? product.onHand - product.reserved : 0;
      if (available >= quantity) return [];
      return [{ sku, requested: quantity, available, reason: product ? 'insufficient-stock' : 'unknown-sku' }];
    });
    order.reservation = shortages.length > 0 ? 'rejected' : 'held';
    if (order.reservation === 'held') moveAll(order, 'held', 0, 1);
    if (order.status !== 'pending') return;
    const by = { actor: 'inventory-service', correlationId: order.correlationId };
    if (order.reservation === 'held') {
      change(order, 'confirmed', by);
      order.final = { status: 201, body: orderBody(order), location: locationOf(order) };
    } else {
      order.rejection = { lines: shortages };
      change(order, 'rejected', { ...by, detail: order.rejection });
      const members = { orderId: order.id || UUID, lines: shortages };
      const occurrence = { traceId: order.correlationId, instance: '/orders' };
      order.final = { status: 409, body: problemBody(409, 'order-rejected', occurrence, members) };
    }
  }

  function moveAll(order: Order, kind: 'held' | 'released' | 'fulfilled', onHand: number, reserved: number): void {
    for (const { sku, quantity } of demandOf(order.lines)) {
      const product = products.get(sku) as Product;
      move(product, kind, { onHand: onHand * quantity, reserved: reserved * quantity }, order, 'order-service');
    }
  }

  function move(
    product: Product,
    kind: string,
    delta: { onHand: number; reserved: number },
    cause: { id?: string },
    actor: string,
  ): void {
    product.onHand += delta.onHand;
    product.reserved += delta.reserved;
    product.movements.push({ kind, deltaOnHand: delta.onHand, deltaReserved: delta.reserved, cause, actor });
  }

  function visibleOrder(id: string, caller: CallerName): Order | undefined {
    const order = orders.find((one) => one.id === id);
    return order && (seesAll(caller) || order.clientId === clientOf(caller)) ? order : undefined;
  }

  return {
    products,
    orders,
    sent,
    ask,
    /** Whether inventory-service has commands under way that it will hear of. */
    isUnsettled: () => reachable && waiting.length > 0,
    isReachable: () => reachable,
    /** From now on it hears nothing. */
    leave() {
      reachable = false;
    },
    /** It hears of everything again. */
    comeBack() {
      reachable = true;
    },
    /** All that waits takes effect. */
    settle() {
      for (const { kind, order } of waiting.splice(0)) {
        if (kind === 'hold') hold(order);
        else if (order.reservation === 'held') {
          order.reservation = kind === 'release' ? 'released' : 'fulfilled';
          moveAll(order, order.reservation, kind === 'release' ? 0 : -1, -1);
        }
      }
    },
    orderAsSeenBy(id: string, caller: CallerName, requestId: string): Expected {
      const order = visibleOrder(id, caller);
      return order ? ofOrder(order) : readProblem(`/orders/${id}`, 'order-not-found', requestId);
    },
    timelineAsSeenBy(id: string, caller: CallerName, requestId: string): Expected {
      const order = visibleOrder(id, caller);
      if (!order) return readProblem(`/orders/${id}/timeline`, 'order-not-found', requestId);
      return { status: 200, body: { items: order.timeline.map((entry) => ({ ...entry, at: TIME })) } };
    },
    /** Newest first. */
    ordersAsSeenBy(caller: CallerName, filter: { status?: string; customerId?: string; clientId?: string }) {
      return orders
        .filter(
          (order) =>
            (seesAll(caller) ? order.clientId === filter.clientId : order.clientId === clientOf(caller)) &&
            (filter.status === undefined || order.status === filter.status) &&
            (filter.customerId === undefined || order.customerId === filter.customerId),
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

/** The path, method and body of a write. */
export function toHttp(write: Write): { method: 'POST' | 'PATCH'; path: string; body: object } {
  switch (write.kind) {
    case 'create':
      return { method: 'POST', path: '/products', body: { sku: write.sku, name: write.name } };
    case 'rename':
      return { method: 'PATCH', path: `/products/${write.sku}`, body: { name: write.name } };
    case 'adjust': {
      const { delta, reason } = write;
      return { method: 'POST', path: `/products/${write.sku}/adjustments`, body: { delta, reason } };
    }
    case 'place': {
      const { customerId, currency, lines } = write;
      return { method: 'POST', path: '/orders', body: { customerId, currency, lines } };
    }
    case 'cancel':
      return { method: 'POST', path: `/orders/${write.orderId}/cancellation`, body: { reason: write.reason } };
    case 'ship': {
      const { carrier, trackingNumber } = write;
      return { method: 'POST', path: `/orders/${write.orderId}/shipment`, body: { carrier, trackingNumber } };
    }
    case 'deliver':
      return { method: 'POST', path: `/orders/${write.orderId}/delivery`, body: {} };
  }
}

/** Which service a write goes to: the scope of its key, too. */
export function serviceOf({ kind }: Write): 'orders' | 'inventory' {
  return kind === 'create' || kind === 'rename' || kind === 'adjust' ? 'inventory' : 'orders';
}

/** Lines of one SKU and one price are one line, where the first stood. */
function mergeLines(lines: readonly Line[]): Line[] {
  const merged: Line[] = [];
  for (const line of lines) {
    const same = merged.find(({ sku, unitPrice }) => sku === line.sku && unitPrice === line.unitPrice);
    if (same) same.quantity += line.quantity;
    else merged.push({ ...line });
  }
  return merged;
}

/** Units per SKU, in the order of SKU. */
function demandOf(lines: readonly Line[]): { sku: string; quantity: number }[] {
  const skus = [...new Set(lines.map(({ sku }) => sku))].sort();
  const sum = (sku: string) => lines.reduce((units, line) => units + (line.sku === sku ? line.quantity : 0), 0);
  return skus.map((sku) => ({ sku, quantity: sum(sku) }));
}

/** What makes two writes the same: not the order of lines, nor how they are split. */
function fingerprintOf(write: Write): string {
  if (write.kind !== 'place') return JSON.stringify(write);
  const lines = mergeLines(write.lines).map((line) =>
    JSON.stringify([line.sku, line.unitPrice ?? null, line.quantity]),
  );
  return JSON.stringify({ ...write, lines: lines.sort() });
}

type Step =
  | { kind: 'taken'; to: Status; detail?: object }
  | { kind: 'none' }
  | { kind: 'refused'; code: string; members?: object };

/** What a step does to an order, by the table of states; it notes what the step brings along. */
function stepOf(order: Order, write: Write & { orderId: string }): Step {
  const illegal = (to: Status): Step => ({
    kind: 'refused',
    code: 'illegal-transition',
    members: { from: order.status, to },
  });
  if (write.kind === 'cancel') {
    if (order.status === 'cancelled') return { kind: 'none' };
    if (order.status !== 'pending' && order.status !== 'confirmed') return illegal('cancelled');
    order.cancellation = write.reason === undefined ? {} : { reason: write.reason };
    return { kind: 'taken', to: 'cancelled', detail: write.reason === undefined ? undefined : order.cancellation };
  }
  if (write.kind === 'ship') {
    const { carrier, trackingNumber } = write;
    const isSame = order.shipment?.carrier === carrier && order.shipment.trackingNumber === trackingNumber;
    if (order.shipment && !isSame) return { kind: 'refused', code: 'shipment-differs' };
    if (order.status === 'shipped') return { kind: 'none' };
    if (order.status !== 'confirmed') return illegal('shipped');
    order.shipment = { carrier, trackingNumber };
    return { kind: 'taken', to: 'shipped', detail: order.shipment };
  }
  if (order.status === 'delivered') return { kind: 'none' };
  return order.status === 'shipped' ? { kind: 'taken', to: 'delivered' } : illegal('delivered');
}

function change(order: Order, to: Status, by: { actor: string; correlationId: string; detail?: object }): void {
  order.status = to;
  order.version += 1;
  order.updatedAt = undefined;
  order.timeline.push({ type: to, ...by });
}

function seesAll(caller: CallerName): boolean {
  return caller === 'back' || caller === 'other-back';
}

function ofOrder(order: Order): Expected {
  return { status: 200, body: orderBody(order), learn: (actual) => absorb(order, actual) };
}

function accepted(order: Order): Expected {
  const learn = (actual: Order) => absorb(order, actual);
  return { status: 202, body: orderBody(order), location: locationOf(order), retryAfter: true, learn };
}

function locationOf({ id }: Order): unknown {
  return id ? `/orders/${id}` : expect.stringMatching(/^\/orders\/[0-9a-f-]{36}$/);
}

/** As everywhere; absent members are absent. */
export function orderBody(order: Order): object {
  const { id, number, clientId, customerId, currency, lines, status, createdAt, updatedAt, version } = order;
  const { rejection, shipment, cancellation } = order;
  return structuredCloneOf({
    id: id || UUID,
    number: number ?? NUMBER,
    clientId,
    customerId,
    currency,
    lines,
    status,
    ...(rejection && { rejection }),
    ...(shipment && { shipment }),
    ...(cancellation && { cancellation }),
    createdAt: createdAt ?? TIME,
    updatedAt: updatedAt ?? TIME,
    version,
  });
}

/** A copy that later changes of the order leave alone; matchers stay themselves. */
function structuredCloneOf<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isPlain(member) ? structuredClone(member) : member]),
  ) as T;
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype);
}

/** What an order's view tells for the first time. Its times never run backwards. */
export function absorb(order: Order, actual: { number?: string; createdAt?: string; updatedAt?: string }): void {
  order.number ??= actual.number;
  order.createdAt ??= actual.createdAt;
  order.updatedAt ??= actual.updatedAt;
  if ((order.updatedAt ?? '') < (order.createdAt ?? ''))
    throw new Error(`order ${order.id} changed before it was placed`);
}

function ofProduct(product: Product, status: number): Expected {
  const { sku, name, onHand, reserved, createdAt, updatedAt } = product;
  const times = { createdAt: createdAt ?? TIME, updatedAt: updatedAt ?? TIME };
  return {
    status,
    body: { sku, name, onHand, reserved, available: onHand - reserved, ...times },
    learn(actual) {
      product.createdAt ??= actual.createdAt;
      product.updatedAt ??= actual.updatedAt;
    },
  };
}

function reused(write: Write, requestId: string): Expected {
  return problem(write, 422, 'idempotency-key-reused', requestId, {});
}

function problem(write: Write, status: number, code: string, traceId: string, members: object): Expected {
  return { status, body: problemBody(status, code, { traceId, instance: toHttp(write).path }, members) };
}

function readProblem(path: string, code: string, traceId: string): Expected {
  return { status: 404, body: problemBody(404, code, { traceId, instance: path }, {}) };
}

function problemBody(
  status: number,
  code: string,
  { traceId, instance }: { traceId: string; instance: string },
  members: object,
): object {
  const words = { title: expect.stringMatching(/./), detail: expect.stringMatching(/./) };
  return { type: `https://orders.example/problems/${code}`, status, code, traceId, instance, ...words, ...members };
}
