/**
 * Random sequences of all commands of the API, run against the real services and a model in memory. If their responses
 * differ, the sequence is shrunk to the shortest one for which they still differ.
 *
 *   MODEL_SEED=7 MODEL_RUNS=500 npm run test:int -- e2e/model
 *
 * A failure prints the seed, the path and the replayPath; MODEL_SEED, MODEL_PATH and MODEL_REPLAY_PATH repeat it.
 */

import { randomBytes } from 'node:crypto';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import amqplib from 'amqplib';
import fc from 'fast-check';
import { type Command, callerOf, commands, type Run, stockUp } from './model/commands.ts';
import { compareReplays, compareState, type Events } from './model/compare-state.ts';
import type { Order } from './model/order.ts';
import { type Services, startServices } from './model/services.ts';
import { openShop, type Shop } from './model/shop.ts';

// A fixed seed: every run of the tests has the same sequences.
const { MODEL_SEED, MODEL_RUNS, MODEL_PATH, MODEL_REPLAY_PATH } = process.env;
const SEED = Number(MODEL_SEED ?? 20_260_105);
const RUNS = Number(MODEL_RUNS ?? 60);
const LONGEST = 40;
// Much longer than the test takes. It also ends the shrinking, with the shortest sequence found so far.
const WITHIN_MS = 600_000;

// Each of these must be the history of some order, otherwise the sequences prove too little.
const STORIES = [
  'placed rejected',
  'placed confirmed cancelled',
  'placed confirmed shipped delivered',
  'placed queued rejected',
  'placed queued cancelled',
  'placed queued confirmed',
  'placed queued confirmed cancelled',
  'placed queued confirmed shipped',
];

let services: Services;
let listener: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  services = await startServices();
  atEnd(() => services.stop());
  listener = await listen(services.server.url);
  atEnd(() => listener.close());
});

/** Every event of order_exchange. */
async function listen(url: string): Promise<{ events: Events; close(): Promise<void> }> {
  const events: Events = new Map();
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'order_exchange', '#');
  await channel.consume(
    queue,
    (message) => {
      const { type, payload } = JSON.parse(message?.content.toString() ?? '{}');
      events.set(payload.orderId, [...(events.get(payload.orderId) ?? []), `${payload.version} ${type}`]);
    },
    { noAck: true },
  );
  return { events, close: () => connection.close() };
}

function openRun(): { model: Shop; real: Run } {
  const real = { services, name: randomBytes(5).toString('hex') };
  return { model: openShop((name) => callerOf(real, name).clientId), real };
}

it(
  'any sequence of commands gets the responses of the contract, and leaves the state of the contract',
  async () => {
    const orders: Order[] = [];
    const sequences = fc.commands(commands as fc.Arbitrary<Command>[], {
      maxCommands: LONGEST,
      size: 'max',
      replayPath: MODEL_REPLAY_PATH,
    });
    const property = fc.asyncProperty(sequences, async (sequence) => {
      const { model, real } = openRun();
      await stockUp(model, real);
      try {
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        await compareState(model, real, listener.events);
        orders.push(...model.orders);
      } finally {
        if (!model.isReachable()) services.restoreInventory();
      }
    });
    await fc.assert(property, {
      seed: SEED,
      path: MODEL_PATH,
      numRuns: RUNS,
      interruptAfterTimeLimit: WITHIN_MS,
      markInterruptAsFailure: true,
    });
    await compareReplays(orders, services);
    if (MODEL_SEED ?? MODEL_RUNS ?? MODEL_PATH) return;
    const stories = orders.map(({ timeline }) => timeline.map(({ type }) => type).join(' '));
    expect(stories).toEqual(expect.arrayContaining(STORIES));
  },
  WITHIN_MS + 60_000,
);
