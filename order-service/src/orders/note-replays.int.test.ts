import { inTransaction } from '@shop/chassis/db/transaction.ts';
import { storeLetter } from '@shop/chassis/dead-letters/dead-letters.sql.ts';
import { readLetter } from '@shop/chassis/dead-letters/read-letter.ts';
import { orderReservationRepliesQueue } from '@shop/chassis/messaging/topology.ts';
import { v7 as uuidv7 } from 'uuid';
import { anOrder, asClient, createTestSystem, get, post, rows, silence, type TestSystem } from '../../test/test-app.ts';

const DEAD_LETTERS = '/operations/orders/dead-letters';
const QUEUE = orderReservationRepliesQueue.name;
const OPERATOR = asClient('operator-1', 'operations');

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
});
beforeEach(() => system.reset());
afterAll(() => system.stop());

/** A reply to this order that was set aside. */
async function aDeadReply(orderId: string): Promise<string> {
  const delivery = {
    content: Buffer.from(JSON.stringify({ type: 'reservation.held', payload: { reservationId: orderId } })),
    fields: { consumerTag: 'c', deliveryTag: 1, redelivered: false, exchange: '', routingKey: QUEUE },
    properties: { messageId: uuidv7(), headers: { 'x-reason': 'attempts-exhausted' } },
  } as unknown as Parameters<typeof readLetter>[1];
  const letter = readLetter(QUEUE, delivery, new Date());
  expect(await inTransaction(system.database.pool, (trx) => storeLetter(trx, letter))).toBe('new');
  return letter.id;
}
const act = (path: string, body?: object) => post(system.service, `${DEAD_LETTERS}/${path}`, body, uuidv7(), OPERATOR);
async function aPendingOrder(): Promise<string> {
  system.peer.decide = silence;
  return (await post(system.service, '/orders', anOrder()).expect(202)).body.id;
}
const timelineOf = async (id: string) => (await get(system.service, `/orders/${id}/timeline`)).body.items;

describe('replaying a dead reply', () => {
  it('is told on the timeline of its order, with who did it', async () => {
    const orderId = await aPendingOrder();
    const before = (await timelineOf(orderId)).length;
    const id = await aDeadReply(orderId);
    await act(`${id}/replay`).expect(200);
    const entries = (await timelineOf(orderId)).slice(before);
    const detail = { deadLetter: id, message: 'reservation.held', reason: 'attempts-exhausted' };
    expect(entries).toMatchObject([{ type: 'queued', actor: 'operator-1', detail, at: expect.stringMatching(/Z$/) }]);
    const sent = await rows(
      system,
      `SELECT exchange, routing_key, subject_id FROM outbox_messages WHERE exchange = ''`,
    );
    expect(sent).toEqual([{ exchange: '', routing_key: QUEUE, subject_id: orderId }]);
  });

  it('is told on every timeline when a group is replayed, and on none for an order that there is not', async () => {
    const orderId = await aPendingOrder();
    const before = (await timelineOf(orderId)).length;
    await aDeadReply(orderId);
    await aDeadReply(uuidv7());
    const group = `${QUEUE}:reservation.held:attempts-exhausted`;
    const { body } = await act('replays', { group }).expect(202);
    expect(body).toEqual({ group, replayed: 2, remaining: 0 });
    expect((await timelineOf(orderId)).slice(before)).toMatchObject([{ type: 'queued', actor: 'operator-1' }]);
  });
});
