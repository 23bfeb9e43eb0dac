/**
 * The clients' behaviour. Two storefronts order a few hot SKUs with little stock and many cold ones, and cancel some orders;
 * the back office ships, delivers and adjusts stock.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientName, Operation } from './history.ts';
import { adjustmentOf, coldSkus, hotSkus, orderIdOf, placementOf, stepOf } from './operations.ts';
import { type Mode, modeOf, type Performer } from './performer.ts';
import { makeRandom, type Random } from './random.ts';

const STOREFRONTS = 12;
const BACK_OFFICES = 2;
// More clients would only lengthen the queue: after an outage every open operation is retried.
const MAX_UNDER_WAY = 300;

/** Starts all clients, and `others`; resolves when each has begun its last operation. */
export async function runClients(
  performer: Performer,
  seed: number,
  others: (shop: Shop) => Promise<void>,
): Promise<void> {
  const shop = makeShop(performer);
  await Promise.all([
    others(shop),
    ...Array.from({ length: STOREFRONTS }, (_, index) => runStorefront(shop, index, seed)),
    ...Array.from({ length: BACK_OFFICES }, (_, index) => runBackOffice(shop, index, seed)),
  ]);
}

/** What clients do it with. */
export type Shop = Performer & {
  /** The key of a client's next cancellation. */
  nextCancellationKey: (client: ClientName) => string;
};

/** Both clients number their cancellations, so they use equal keys for different requests. */
function makeShop(performer: Performer): Shop {
  const cancellations = new Map<ClientName, number>();
  const nextCancellationKey = (client: ClientName) => {
    const number = (cancellations.get(client) ?? 0) + 1;
    cancellations.set(client, number);
    return `${number}-cancellation`;
  };
  return { ...performer, nextCancellationKey };
}

async function runStorefront(shop: Shop, index: number, seed: number): Promise<void> {
  const random = makeRandom(seed + 1_000 * (index + 1));
  while (!shop.isOver()) {
    if (shop.underWay() < MAX_UNDER_WAY)
      await liveOrder(shop, index % 2 === 0 ? 'storefront' : 'other storefront', random);
    await delay(random.between(30, 130));
  }
}

async function runBackOffice(shop: Shop, index: number, seed: number): Promise<void> {
  const random = makeRandom(seed + 77_000 * (index + 1));
  while (!shop.isOver()) {
    const sku = random.share() < 0.7 ? random.pick(hotSkus) : random.pick(coldSkus);
    const delta = random.share() < 0.7 ? random.between(1, 15) : -random.between(1, 8);
    const counted = shop.perform(adjustmentOf(sku, delta), modeOf(random));
    await Promise.race([counted, delay(1_000)]);
    if (random.share() < 0.2) await shop.read({ client: 'back office' }, `/products/${sku}`);
    await delay(random.between(100, 300));
  }
}

/** One order, from placing it to its last step. */
async function liveOrder(shop: Shop, client: ClientName, random: Random): Promise<void> {
  const operation = placementOf(client, random);
  const mode = modeOf(random);
  if (random.share() < 0.06) {
    // Two shops with the same numbering: keys belong to a client, so the same request creates an order for each of them.
    const other = client === 'storefront' ? 'other storefront' : 'storefront';
    void shop.track(livePlacement(shop, { ...operation, client: other, tries: [] }, modeOf(random), random));
  }
  await livePlacement(shop, operation, mode, random);
}

/** Places an order; what becomes of it is awaited separately. */
export async function livePlacement(shop: Shop, operation: Operation, mode: Mode, random: Random): Promise<void> {
  const [afterwards, whilePending] = [random.share(), random.share()];
  // A cancellation before the stock is decided: the order's first request then gets 409.
  const early = Promise.withResolvers<void>();
  operation.onAccepted = () => {
    operation.onAccepted = undefined;
    const id = orderIdOf(operation);
    if (whilePending < 0.25 && id) void shop.perform(cancellationOf(shop, operation, id, random), modeOf(random));
    early.resolve();
  };
  const placed = shop.perform(operation, mode);
  // The client continues when its order is durable; the result is awaited separately.
  await Promise.race([placed, early.promise, shop.ended]);
  void shop.track(
    placed.then((verdict) => (verdict === 'final' ? followUp(shop, operation, afterwards, random) : undefined)),
  );
}

async function followUp(shop: Shop, operation: Operation, choice: number, random: Random): Promise<void> {
  const id = orderIdOf(operation);
  const isConfirmed = operation.tries.some(({ answer }) => answer?.status === 201);
  if (id === undefined || shop.isOver()) return;
  if (random.share() < 0.2) await shop.read(operation, `/orders/${id}`);
  if (!isConfirmed) return;
  const step = (kind: 'cancel' | 'ship' | 'deliver') =>
    shop.perform(
      kind === 'cancel' ? cancellationOf(shop, operation, id, random) : stepOf(kind, 'back office', id, random),
      modeOf(random),
    );
  if (choice < 0.25) await step('cancel');
  else if (choice < 0.32) await Promise.all([step('cancel'), step('ship')]);
  else if (choice < 0.65) {
    await step('ship');
    if (random.share() < 0.5 && !shop.isOver()) await step('deliver');
    else if (random.share() < 0.2 && !shop.isOver()) await step('cancel'); // too late
  }
}

function cancellationOf(
  shop: Shop,
  { client, shopper }: Pick<Operation, 'client' | 'shopper'>,
  orderId: string,
  random: Random,
): Operation {
  const key = shop.nextCancellationKey(client);
  return { ...stepOf('cancel', client, orderId, random), key, ...(shopper && { shopper }) };
}
