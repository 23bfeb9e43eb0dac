/**
 * The load of a run: the clients (clients.ts), how they perform operations (performer.ts), and their history, which the checker
 * reads (sender.ts, history.ts).
 */
import type { Gateway } from '@shop/operator/gateway.ts';
import { runClients, type Shop } from './clients.ts';
import type { Operation, Verdict } from './history.ts';
import { isDecided, verdictOf } from './history.ts';
import { adjustmentOf, coldSkus, hotSkus, productOf } from './operations.ts';
import { makePerformer, type Performer } from './performer.ts';
import type { PlaceForShopper } from './place-for-shopper.ts';
import { makeRandom } from './random.ts';
import { type ApiKeys, makeSender } from './sender.ts';

export interface Workload {
  operations: Operation[];
  /** The clients send nothing before; `others` are more of them. */
  begin: (others: (shop: Shop) => Promise<void>) => void;
  perform: Performer['perform'];
  /** Operations without a final response. */
  underWay: () => number;
  /** Stops new operations; resolves when all clients have started their last one. */
  finish: () => Promise<void>;
  /** Resolves when every operation is decided, or retries have ended. */
  decided: () => Promise<void>;
  /** Ends all retries. */
  giveUp: () => void;
  /** Milliseconds since the start of the history: the clock of all its times. */
  now: () => number;
  /** Sends an operation, and retries only until there is a response with its outcome. */
  submit: (operation: Operation) => Promise<Verdict>;
  /** Retries accepted requests until they are decided, at a low rate. */
  decideAll: () => Promise<void>;
  /** Repeats the requests of decided keys, each until there is a response. */
  repeatAll: (most: number) => Promise<void>;
}

interface Setting {
  gateway: Gateway;
  apiKeys: ApiKeys;
  placeForShopper: PlaceForShopper;
  seed: number;
}

// Hot SKUs sell out within seconds and come back by cancellations and adjustments; cold ones never run out.
const HOT_STOCK = 40;
const COLD_STOCK = 1_000_000;

/** Creates the products; their initial stock is the workload's first adjustments. */
export async function makeProducts(workload: Workload): Promise<void> {
  for (const [skus, units] of [[hotSkus, HOT_STOCK] as const, [coldSkus, COLD_STOCK] as const]) {
    await Promise.all(
      skus.map(async (sku) => {
        await workload.perform(productOf(sku), 'once');
        await workload.perform(adjustmentOf(sku, units), 'once');
      }),
    );
  }
}

/** The clients' history and sender. */
export function makeWorkload({ gateway, apiKeys, placeForShopper, seed }: Setting): Workload {
  const pauses = makeRandom(seed ^ 0x5eed);
  const sender = makeSender({ gateway, apiKeys, placeForShopper, pauses });
  const { operations, sendUntilFinal } = sender;
  const performer = makePerformer(sender, pauses);
  let clients: Promise<unknown> = Promise.resolve();

  return {
    operations,
    perform: performer.perform,
    now: sender.now,
    underWay: performer.underWay,
    begin(others) {
      clients = runClients(performer, seed, others);
    },
    async finish() {
      performer.end();
      await clients;
    },
    decided: performer.idle,
    giveUp: sender.giveUp,
    submit(operation) {
      operations.push(operation);
      return sender.sendUntilAnswered(operation);
    },
    decideAll: () =>
      withSome(
        operations.filter((one) => one.kind !== 'read' && !one.isForsaken && !isDecided(one)),
        (operation) => sendUntilFinal(operation, 0),
      ),
    repeatAll: (most) =>
      withSome(operations.filter(({ kind }) => kind !== 'read').slice(-most), async (operation) => {
        const final = operation.tries.find((one) => verdictOf(one) === 'final');
        if (final) await sendUntilFinal(operation, final.variant);
      }),
  };
}

/** Runs it for each item, a few at a time. */
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
