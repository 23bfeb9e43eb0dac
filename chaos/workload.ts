/**
 * The clients. Two storefronts place orders on a few hot SKUs with little stock and on many cold ones; they cancel some,
 * the back office ships, delivers and counts stock. Each does what good clients do: whatever has no final answer is sent
 * again under its key. And what bad clients do: twins at once, late repeats, another payload under the same key.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Attempt, Gateway } from '@shop/operator/gateway.ts';
import type { ClientName, Line, Operation, Try, Verdict } from './history.ts';
import { isDecided, verdictOf } from './history.ts';
import { makeRandom, type Random } from './random.ts';

export type ApiKeys = Record<ClientName, string>;

export type Workload = {
  operations: Operation[];
  /** Nothing is sent by the clients before. */
  begin: () => void;
  perform: (operation: Operation, mode: Mode) => Promise<Verdict | undefined>;
  /** Operations that still wait for a final answer. */
  underWay: () => number;
  /** No new operations; resolves when all clients have begun their last one. */
  finish: () => Promise<void>;
  /** Resolves when every operation is decided, or nobody repeats any more. */
  decided: () => Promise<void>;
  /** Ends all repeating. */
  giveUp: () => void;
  /** Milliseconds since the first memory: the clock of all times in the history. */
  now: () => number;
  /** Sends an operation once, and again only until it has an answer that says what became of it. */
  submit: (operation: Operation) => Promise<Verdict>;
  /** Sends accepted requests again until they are decided, without being a burden. */
  decideAll: () => Promise<void>;
  /** Sends the requests of decided keys once more, each until it is answered. */
  repeatAll: (most: number) => Promise<void>;
};

type Setting = { gateway: Gateway; apiKeys: ApiKeys; seed: number };

/** What is ordered. */
export const hotSkus = Array.from({ length: 4 }, (_, index) => `HOT-${index + 1}`);
export const coldSkus = Array.from({ length: 60 }, (_, index) => `COLD-${index + 1}`);
// Hot ones sell out within seconds and come back by cancellations and counts; cold ones never run out.
const hotStock = 40;
const coldStock = 1_000_000;

const storefronts = 12;
const backOffices = 2;
// More would only measure the queue: after an outage every open operation is repeated.
const mostUnderWay = 300;
// Of the shoppers whose first request fails; whatever it left behind has to be settled without them.
const shareOfQuitters = 0.5;

/** Makes the products; their first stock is the workload's first adjustments. */
export async function makeProducts(workload: Workload): Promise<void> {
  for (const [skus, units] of [[hotSkus, hotStock] as const, [coldSkus, coldStock] as const]) {
    await Promise.all(
      skus.map(async (sku) => {
        await workload.perform(productOf(sku), 'once');
        await workload.perform(adjustmentOf(sku, units), 'once');
      }),
    );
  }
}

type Mode = 'once' | 'twins' | 'repeat' | 'other later' | 'other at once';

/** The clients' memory and their way of sending. */
export function makeWorkload({ gateway, apiKeys, seed }: Setting): Workload {
  const operations: Operation[] = [];
  const open = new Set<Promise<unknown>>();
  const started = performance.now();
  const now = () => performance.now() - started;
  const pauses = makeRandom(seed ^ 0x5eed);
  const cancellations = new Map<ClientName, number>();
  let isOver = false;
  const over = new AbortController();
  const ended = Promise.withResolvers<void>();
  let gaveUp = false;
  let clients: Promise<unknown> = Promise.resolve();

  function track<T>(work: Promise<T>): Promise<T> {
    open.add(work);
    const forget = () => open.delete(work);
    work.then(forget, forget);
    return work;
  }

  async function send(operation: Operation, variant: number, giveUpAfterMs?: number): Promise<Try> {
    const one: Try = { variant, sentAt: now(), endedAt: Number.POSITIVE_INFINITY };
    operation.tries.push(one); // remembered before it is sent: without an answer it may still have an effect
    const attempt = await gateway.attempt({
      method: operation.kind === 'read' ? 'GET' : 'POST',
      path: operation.path,
      apiKey: apiKeys[operation.client],
      giveUpAfterMs,
      ...(operation.kind !== 'read' && { idempotencyKey: operation.key, body: operation.bodies[variant] }),
    });
    return Object.assign(one, { endedAt: now() }, outcomeOf(attempt));
  }

  async function drive(operation: Operation, variant: number, mayQuit = false): Promise<Verdict | undefined> {
    for (let count = 1; ; count += 1) {
      // Now and then a client goes away in the middle, and comes back.
      const patience = count === 1 && pauses.share() < 0.06 ? pauses.between(1, 60) : undefined;
      const one = await send(operation, variant, patience);
      const verdict = verdictOf(one);
      if (verdict !== 'again' && verdict !== 'accepted') return verdict;
      if (verdict === 'accepted') operation.onAccepted?.();
      if (gaveUp) return undefined;
      if (mayQuit && count === 1 && hasFailed(one) && pauses.share() < shareOfQuitters) {
        operation.isForsaken = true;
        return undefined;
      }
      await delay(verdict === 'accepted' ? pauses.between(300, 1_500) : Math.min(100 * 2 ** count, 2_000));
    }
  }

  async function pauseUntilOver(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: over.signal }).catch(() => {});
  }

  async function performInMode(operation: Operation, mode: Mode): Promise<Verdict | undefined> {
    if (mode === 'twins') return (await Promise.all([drive(operation, 0), drive(operation, 0)]))[0];
    if (mode === 'other at once') {
      const verdicts = await Promise.all([drive(operation, 0), drive(operation, 1)]);
      return verdicts.find((verdict) => verdict === 'final') ?? verdicts[0];
    }
    const verdict = await drive(operation, 0, mode === 'once' && operation.kind === 'place');
    if (mode === 'repeat')
      void track(pauseUntilOver(pauses.between(100, 8_000)).then(() => (isOver ? undefined : drive(operation, 0))));
    if (mode === 'other later') void track(drive(operation, 1));
    return verdict;
  }

  function perform(operation: Operation, mode: Mode): Promise<Verdict | undefined> {
    operations.push(operation);
    return track(performInMode(operation, operation.bodies.length > 1 || !mode.startsWith('other') ? mode : 'repeat'));
  }

  /** A client numbers its cancellations, and another one does so too: their keys are equal and mean different things. */
  function cancellationOf(client: ClientName, orderId: string, random: Random): Operation {
    const number = (cancellations.get(client) ?? 0) + 1;
    cancellations.set(client, number);
    return { ...stepOf('cancel', client, orderId, random), key: `${number}-cancellation` };
  }

  async function read(client: ClientName, path: string): Promise<void> {
    const operation: Operation = { kind: 'read', client, key: '', path, bodies: [], tries: [] };
    operations.push(operation);
    await send(operation, 0);
  }

  /** One order from its placing to wherever it gets. */
  async function liveOrder(client: ClientName, random: Random): Promise<void> {
    const operation = placementOf(client, random);
    const mode = modeOf(random);
    if (random.share() < 0.06) {
      // Two shops that count alike: a key belongs to its client, so the same request makes an order for each of them.
      const other = client === 'storefront' ? 'other storefront' : 'storefront';
      void track(livePlacement({ ...operation, client: other, tries: [] }, modeOf(random), random));
    }
    await livePlacement(operation, mode, random);
  }

  async function livePlacement(operation: Operation, mode: Mode, random: Random): Promise<void> {
    const { client } = operation;
    const [afterwards, whilePending] = [random.share(), random.share()];
    // A cancellation that overtakes the stock's decision: the order's first request gets its 409 then.
    const early = Promise.withResolvers<void>();
    operation.onAccepted = () => {
      operation.onAccepted = undefined;
      const id = orderIdOf(operation);
      if (whilePending < 0.25 && id) void perform(cancellationOf(client, id, random), modeOf(random));
      early.resolve();
    };
    const placed = perform(operation, mode);
    // The client goes on when its order is durable; what becomes of it is followed beside.
    await Promise.race([placed, early.promise, ended.promise]);
    void track(
      placed.then((verdict) => (verdict === 'final' ? followUp(client, operation, afterwards, random) : undefined)),
    );
  }

  async function followUp(client: ClientName, operation: Operation, choice: number, random: Random): Promise<void> {
    const id = orderIdOf(operation);
    const isConfirmed = operation.tries.some(({ answer }) => answer?.status === 201);
    if (id === undefined || isOver) return;
    if (random.share() < 0.2) await read(client, `/orders/${id}`);
    if (!isConfirmed) return;
    const step = (kind: 'cancel' | 'ship' | 'deliver') =>
      perform(
        kind === 'cancel' ? cancellationOf(client, id, random) : stepOf(kind, 'back office', id, random),
        modeOf(random),
      );
    if (choice < 0.25) await step('cancel');
    else if (choice < 0.32) await Promise.all([step('cancel'), step('ship')]);
    else if (choice < 0.65) {
      await step('ship');
      if (random.share() < 0.5 && !isOver) await step('deliver');
      else if (random.share() < 0.2 && !isOver) await step('cancel'); // too late
    }
  }

  async function storefront(index: number): Promise<void> {
    const random = makeRandom(seed + 1_000 * (index + 1));
    while (!isOver) {
      if (open.size < mostUnderWay) await liveOrder(index % 2 === 0 ? 'storefront' : 'other storefront', random);
      await delay(random.between(30, 130));
    }
  }

  async function backOffice(index: number): Promise<void> {
    const random = makeRandom(seed + 77_000 * (index + 1));
    while (!isOver) {
      const sku = random.share() < 0.7 ? random.pick(hotSkus) : random.pick(coldSkus);
      const delta = random.share() < 0.7 ? random.between(1, 15) : -random.between(1, 8);
      const counted = perform(adjustmentOf(sku, delta), modeOf(random));
      await Promise.race([counted, delay(1_000)]);
      if (random.share() < 0.2) await read('back office', `/products/${sku}`);
      await delay(random.between(100, 300));
    }
  }

  return {
    operations,
    perform,
    now,
    underWay: () => open.size,
    begin: () => {
      const all = Array.from({ length: storefronts }, (_, index) => storefront(index));
      clients = Promise.all([...all, ...Array.from({ length: backOffices }, (_, index) => backOffice(index))]);
    },
    finish: async () => {
      isOver = true;
      over.abort();
      ended.resolve();
      await clients;
    },
    decided: async () => {
      while (open.size > 0) await Promise.allSettled(open);
    },
    giveUp: () => {
      gaveUp = true;
    },
    submit: async (operation) => {
      operations.push(operation);
      for (let count = 1; ; count += 1) {
        const verdict = verdictOf(await send(operation, 0));
        if (verdict !== 'again') return verdict;
        await delay(Math.min(100 * 2 ** count, 2_000));
      }
    },
    decideAll: () =>
      withSome(
        operations.filter((one) => one.kind !== 'read' && !one.isForsaken && !isDecided(one)),
        (operation) => drive(operation, 0),
      ),
    repeatAll: (most) =>
      withSome(operations.filter(({ kind }) => kind !== 'read').slice(-most), async (operation) => {
        const final = operation.tries.find((one) => verdictOf(one) === 'final');
        if (final) await drive(operation, final.variant);
      }),
  };
}

/** No answer, or one that says that something is broken. */
function hasFailed({ answer }: Try): boolean {
  return answer === undefined || answer.status >= 500;
}

/** Does it for each, some at a time. */
async function withSome(
  operations: readonly Operation[],
  work: (operation: Operation) => Promise<unknown>,
): Promise<void> {
  const queue = operations.values();
  const worker = async () => {
    for (const operation of queue) await work(operation);
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}

function outcomeOf(attempt: Attempt): Pick<Try, 'answer' | 'cause'> {
  if (!attempt.answer) return { cause: attempt.cause };
  const { status, text, code, location } = attempt.answer;
  return { answer: { status, text, code, location } };
}

function modeOf(random: Random): Mode {
  const share = random.share();
  if (share < 0.6) return 'once';
  if (share < 0.76) return 'twins';
  if (share < 0.9) return 'repeat';
  return share < 0.95 ? 'other later' : 'other at once';
}

function newOperation(
  part: Pick<Operation, 'kind' | 'client' | 'path'> & Partial<Operation>,
  ...bodies: object[]
): Operation {
  return { key: randomUUID(), tries: [], bodies: bodies.map((body) => JSON.stringify(body)), ...part };
}

function productOf(sku: string): Operation {
  return newOperation({ kind: 'product', client: 'back office', path: '/products' }, { sku, name: sku });
}

/** An order that will be confirmed: of one to five SKUs that never run out. */
export function plainPlacementOf(client: ClientName, random: Random): Operation {
  const customerId = randomUUID();
  const lines = Array.from({ length: random.between(1, 5) }, () => ({
    sku: random.pick(coldSkus),
    quantity: random.between(1, 4),
  }));
  const body = { customerId, currency: 'EUR', lines };
  return newOperation({ kind: 'place', client, path: '/orders', customerId, lines: [lines] }, body);
}

function placementOf(client: ClientName, random: Random): Operation {
  const customerId = randomUUID();
  const lines = [linesFor(random), linesFor(random)];
  const bodies = lines.map((some) => ({ customerId, currency: 'EUR', lines: some }));
  // The second body must differ, whatever the dice say.
  if (bodies[1]) bodies[1].currency = 'USD';
  return newOperation({ kind: 'place', client, path: '/orders', customerId, lines }, ...bodies);
}

function linesFor(random: Random): (Line & { unitPrice?: number })[] {
  // Several hot SKUs in any order: whoever locks them as they come meets another who does, the other way round.
  if (random.share() < 0.15) {
    const shuffled = hotSkus.map((sku) => ({ sku, rank: random.share() })).sort((a, b) => a.rank - b.rank);
    return shuffled.slice(0, random.between(2, hotSkus.length)).map(({ sku }) => ({ sku, quantity: 1 }));
  }
  const count = random.share() < 0.5 ? 1 : random.between(2, 5);
  return Array.from({ length: count }, () => ({
    sku: random.share() < 0.3 ? random.pick(hotSkus) : random.pick(coldSkus),
    quantity: random.between(1, 4),
    ...(random.share() < 0.5 && { unitPrice: random.pick([100, 250]) }),
  }));
}

function stepOf(kind: 'cancel' | 'ship' | 'deliver', client: ClientName, orderId: string, random: Random): Operation {
  const trackingNumber = `T-${random.between(1, 1_000_000)}`;
  switch (kind) {
    case 'cancel':
      return newOperation(
        { kind, client, path: `/orders/${orderId}/cancellation`, orderId },
        {},
        { reason: 'changed my mind' },
      );
    case 'ship': {
      const shipments = [
        { carrier: 'DHL', trackingNumber },
        { carrier: 'UPS', trackingNumber },
      ];
      return newOperation({ kind, client, path: `/orders/${orderId}/shipment`, orderId, shipments }, ...shipments);
    }
    case 'deliver':
      return newOperation({ kind, client, path: `/orders/${orderId}/delivery`, orderId }, {});
  }
}

function adjustmentOf(sku: string, delta: number): Operation {
  const path = `/products/${sku}/adjustments`;
  const bodies = [
    { delta, reason: 'count' },
    { delta: delta + 1 || 1, reason: 'another count' },
  ];
  return newOperation(
    { kind: 'adjust', client: 'back office', path, stock: { sku, deltas: bodies.map((body) => body.delta) } },
    ...bodies,
  );
}

/** The order that some answer to its placing named. */
function orderIdOf({ tries }: Operation): string | undefined {
  for (const { answer } of tries) {
    const id = answer?.location?.slice('/orders/'.length) ?? (answer?.status === 409 ? idIn(answer.text) : undefined);
    if (id !== undefined) return id;
  }
  return undefined;
}

function idIn(text: string): string | undefined {
  return (JSON.parse(text) as { orderId?: string }).orderId;
}
