import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aDeadReply,
  anOrder,
  asClient,
  createTestSystem,
  get,
  post,
  rows,
  type TestSystem,
  undecided,
} from '../../test/test-app.ts';
import { reservationRepliesQueue } from '../queues.ts';

const DEAD_LETTERS = '/operations/orders/dead-letters';
const QUEUE = reservationRepliesQueue.name;
const OPERATOR = asClient('operator-1', 'operations');

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

const act = (path: string, body?: object) => post(system.service, `${DEAD_LETTERS}/${path}`, body, uuidv7(), OPERATOR);
async function aPendingOrder(): Promise<string> {
  system.peer.decide = undecided;
  return (await post(system.service, '/orders', anOrder()).expect(202)).body.id;
}
const timelineOf = async (id: string) => (await get(system.service, `/orders/${id}/timeline`)).body.items;

describe('replaying a dead reply', () => {
  it('is told on the timeline of its order, with who did it', async () => {
    const orderId = await aPendingOrder();
    const before = (await timelineOf(orderId)).length;
    const id = await aDeadReply(system, orderId);
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
    await aDeadReply(system, orderId);
    await aDeadReply(system, uuidv7());
    const group = `${QUEUE}:reservation.held:attempts-exhausted`;
    const { body } = await act('replays', { group }).expect(202);
    expect(body).toEqual({ group, replayed: 2, remaining: 0 });
    expect((await timelineOf(orderId)).slice(before)).toMatchObject([{ type: 'queued', actor: 'operator-1' }]);
  });
});
