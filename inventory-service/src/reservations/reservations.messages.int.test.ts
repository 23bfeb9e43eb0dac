import { randomBytes } from 'node:crypto';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import {
  type reservationCommands,
  reservationFulfilV1,
  reservationReleaseV1,
  reservationRequestedV1,
} from '@shop/chassis/contract/messages/order-service.ts';
import { type Fate, handleBatch, type IncomingMessage } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { Envelope } from '@shop/chassis/reliable/messaging/message-definition.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aReservation,
  createInventoryDatabase,
  findMismatches,
  get,
  type InventoryService,
  levelOf,
  outbox,
  post,
  reserve,
  startInventoryService,
  stock,
} from '../../test/test-app.ts';
import { withInventoryMetrics } from '../metrics.ts';
import type { Line } from './reservation.ts';
import { reservationCommandHandler } from './reservations.messages.ts';

type Command = (typeof reservationCommands)[number];
type Incoming = IncomingMessage<Command>;

let database: TestDatabase;
let otherPool: Pool;
let service: InventoryService;
const handle = reservationCommandHandler({
  metrics: withInventoryMetrics(createMetrics('test', 'test')),
  now: () => new Date(),
  wakeRelay: () => {},
});

beforeAll(async () => {
  database = await createInventoryDatabase();
  atEnd(() => database.drop());
  otherPool = patientPool(database.url);
  atEnd(() => otherPool.end());
  service = startInventoryService(database.pool);
  atEnd(() => service.stop());
});
beforeEach(async () => {
  await database.truncate();
  await stock(service, 'MUG', 10);
  await database.pool.query('DELETE FROM outbox_messages');
});
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

const correlationId = randomBytes(16).toString('hex');
const traceparent = `00-${correlationId}-00f067aa0ba902b7-01`;

function message(definition: Command, payload: Envelope<Command>['payload']): Incoming {
  const envelope = {
    id: uuidv7(),
    type: definition.type,
    version: 1,
    occurredAt: '2026-01-05T09:30:00.000Z',
    producer: 'order-service',
    correlationId,
    payload,
  };
  return { definition, message: envelope, traceparent, headers: {} } as Incoming;
}
const requested = (reservationId: string, ...lines: Line[]) =>
  message(reservationRequestedV1, { reservationId, lines });
const release = (reservationId: string) => message(reservationReleaseV1, { reservationId });
const fulfil = (reservationId: string) => message(reservationFulfilV1, { reservationId });
const mugs = (quantity: number): Line => ({ sku: 'MUG', quantity });

/** What the consumer does with a batch of deliveries, the broker left out. */
function receive(messages: Incoming[], pool = database.pool): Promise<Fate[]> {
  return handleBatch({ queue: 'inventory.reservations', pool, handle, isOutage: async () => false }, messages);
}

async function repliesTo(...messages: Incoming[]): Promise<{ type: string; payload: Record<string, unknown> }[]> {
  expect(await receive(messages)).toEqual(messages.map(() => ({ kind: 'handled' })));
  return (await outbox(database.pool)).filter(({ type }) => type.startsWith('reservation.'));
}

describe('reservation.requested', () => {
  it('holds and answers held, in the name of the request that began it', async () => {
    const id = uuidv7();
    const command = requested(id, mugs(2), mugs(1));
    expect(await repliesTo(command)).toMatchObject([
      { type: 'reservation.held', payload: { reservationId: id }, correlationId, causationId: command.message.id },
    ]);
    const { rows } = await database.pool.query('SELECT subject_id, traceparent, mandatory FROM outbox_messages');
    expect(rows).toEqual([{ subject_id: id, traceparent, mandatory: true }]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 3 });
  });

  it('answers rejected with the shortages', async () => {
    const id = uuidv7();
    const shortages = [{ sku: 'MUG', requested: 11, available: 10, reason: 'insufficient-stock' }];
    expect(await repliesTo(requested(id, mugs(11)))).toMatchObject([
      { type: 'reservation.rejected', payload: { reservationId: id, reason: 'insufficient-stock', shortages } },
    ]);
  });

  it('reports what was held synchronously again, and holds nothing twice', async () => {
    const one = aReservation(mugs(3));
    await reserve(service, [one]).expect(200);
    const replies = await repliesTo(requested(one.id, ...one.lines));
    expect(replies).toMatchObject([{ type: 'reservation.held' }]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 3 });
  });

  it('is a dead letter with other lines, and the rest of the batch is handled', async () => {
    const one = aReservation(mugs(3));
    await reserve(service, [one]).expect(200);
    const fates = await receive([
      requested(uuidv7(), mugs(1)),
      requested(one.id, mugs(4)),
      requested(uuidv7(), mugs(1)),
    ]);
    expect(fates).toMatchObject([
      { kind: 'handled' },
      { kind: 'dead-letter', reason: 'reservation-conflict' },
      { kind: 'handled' },
    ]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 5 });
  });

  it('has its effect once when it is delivered twice', async () => {
    const command = requested(uuidv7(), mugs(2));
    expect(await receive([command, { ...command }])).toEqual([{ kind: 'handled' }, { kind: 'duplicate' }]);
    expect(await receive([command])).toEqual([{ kind: 'duplicate' }]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 2 });
    expect(await outbox(database.pool)).toHaveLength(1);
  });
});

describe('reservation.release', () => {
  it('gives the units back', async () => {
    const one = aReservation(mugs(3));
    await reserve(service, [one]).expect(200);
    expect(await repliesTo(release(one.id))).toMatchObject([{ type: 'reservation.released' }]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 0 });
  });

  it('of an unknown one refuses the hold that comes late, by message and by call, whatever its lines', async () => {
    const id = uuidv7();
    const replies = await repliesTo(release(id), requested(id, mugs(1)));
    expect(replies).toMatchObject([
      { type: 'reservation.released' },
      { type: 'reservation.rejected', payload: { reservationId: id, reason: 'released' } },
    ]);
    await reserve(service, [{ id, lines: [mugs(2)] }]).expect(200, { results: [{ id, state: 'released' }] });
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 0 });
  });

  it('of a released or rejected one changes nothing and is answered', async () => {
    const [released, rejected] = [aReservation(mugs(1)), aReservation(mugs(99))];
    await reserve(service, [released, rejected]).expect(200);
    const replies = await repliesTo(release(released.id), release(released.id), release(rejected.id));
    expect(replies.map(({ type }) => type)).toEqual(Array(3).fill('reservation.released'));
    const { rows } = await database.pool.query('SELECT state FROM reservations WHERE id = $1', [rejected.id]);
    expect(rows).toEqual([{ state: 'rejected' }]);
  });

  it('of a fulfilled one is a dead letter', async () => {
    const one = aReservation(mugs(3));
    await reserve(service, [one]).expect(200);
    await repliesTo(fulfil(one.id));
    expect(await receive([release(one.id)])).toMatchObject([{ kind: 'dead-letter', reason: 'release-of-fulfilled' }]);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 7, reserved: 0 });
  });
});

describe('reservation.fulfil', () => {
  it('takes the units out of the stock, once', async () => {
    const one = aReservation(mugs(3));
    await reserve(service, [one]).expect(200);
    const replies = await repliesTo(fulfil(one.id), fulfil(one.id));
    expect(replies.map(({ type }) => type)).toEqual(['reservation.fulfilled', 'reservation.fulfilled']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 7, reserved: 0 });
    const { body } = await get(service, '/products/MUG/movements').expect(200);
    expect(body.items[0]).toMatchObject({ kind: 'fulfilled', deltaOnHand: -3, deltaReserved: -3, causeId: one.id });
  });

  it('leaves a hold that is asked for again as held', async () => {
    const one = aReservation(mugs(3));
    const replies = await repliesTo(requested(one.id, mugs(3)), fulfil(one.id), requested(one.id, mugs(3)));
    expect(replies.map(({ type }) => type)).toEqual(['reservation.held', 'reservation.fulfilled', 'reservation.held']);
  });

  it('of any other is a dead letter that says of what', async () => {
    const [released, rejected] = [aReservation(mugs(1)), aReservation(mugs(99))];
    await reserve(service, [released, rejected]).expect(200);
    await receive([release(released.id)]);
    const fates = await receive([fulfil(uuidv7()), fulfil(released.id), fulfil(rejected.id)]);
    expect(fates).toMatchObject(
      ['unknown', 'released', 'rejected'].map((state) => ({ kind: 'dead-letter', reason: `fulfil-of-${state}` })),
    );
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 0 });
  });
});

describe('commands that race', () => {
  it('hold or refuse, never both, when hold and release of one id come at once', async () => {
    for (let round = 0; round < 15; round += 1) {
      const id = uuidv7();
      const answers = await Promise.all([
        receive([requested(id, mugs(1))]),
        receive([release(id)], otherPool),
        reserve(service, [{ id, lines: [mugs(1)] }]),
      ]);
      expect(answers.slice(0, 2)).toEqual([[{ kind: 'handled' }], [{ kind: 'handled' }]]);
      expect(['held', 'released']).toContain(answers[2].body.results[0].state);
      expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 10, reserved: 0 });
    }
  });

  it('end each reservation once, whatever the mix of products, processes and commands', async () => {
    const skus = ['A', 'B', 'C', 'D'];
    for (const sku of skus) await stock(service, sku, 500);
    const all = Array.from({ length: 60 }, (_, index) =>
      aReservation(
        { sku: skus[index % 4] as string, quantity: 1 },
        { sku: skus[(index * 3 + 1) % 4] as string, quantity: 2 },
      ),
    );
    await reserve(service, all.slice(0, 40)).expect(200);
    const batches = all.map((one, index) => [
      requested(one.id, ...one.lines),
      index < 40 && index % 3 === 0 ? fulfil(one.id) : release(all[(index * 7 + 20) % 60]?.id ?? one.id),
    ]);
    const work = batches.map((batch, index) => receive(batch, index % 2 ? otherPool : database.pool));
    const adjustments = skus.map((sku) => post(service, `/products/${sku}/adjustments`, { delta: -1, reason: 'lost' }));
    const fates = (await Promise.all(work)).flat();
    for (const answer of await Promise.all(adjustments)) expect(answer.status).toBe(200);
    expect(fates.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const reasons = fates.flatMap((fate) => (fate.kind === 'dead-letter' ? [fate.reason] : []));
    for (const reason of reasons) expect(['release-of-fulfilled', 'fulfil-of-released']).toContain(reason);
  });
});

describe('GET /metrics', () => {
  it('counts the outcomes', async () => {
    const before = await heldCount();
    await reserve(service, [aReservation(mugs(1)), aReservation(mugs(99))]).expect(200);
    expect(await heldCount()).toBe(before + 1);
  });

  async function heldCount(): Promise<number> {
    const { values } = await service.metrics.reservationsTotal.get();
    return values.find(({ labels }) => labels.outcome === 'held')?.value ?? 0;
  }
});
