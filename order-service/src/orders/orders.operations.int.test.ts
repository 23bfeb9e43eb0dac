import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  anOrder,
  BACKOFFICE,
  createTestSystem,
  get,
  OPERATIONS,
  post,
  rows,
  type TestSystem,
  undecided,
} from '../../test/test-app.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

const waitOf = (id: string, as = OPERATIONS) => get(system.service, `/operations/orders/waits/${id}`, as);

describe('GET /operations/orders/waits/{id}', () => {
  it('says what a pending order waits for, since when, and when it is asked for again', async () => {
    system.peer.decide = undecided;
    const { body: order } = await post(system.service, '/orders', anOrder()).expect(202);
    const { body } = await waitOf(order.id.toUpperCase()).expect(200);
    expect(body).toEqual({
      orderId: order.id,
      wait: {
        awaiting: 'reservation',
        since: order.createdAt,
        asks: 1,
        askAgainAt: expect.any(String),
        isUnsent: true,
      },
    });
    expect(Date.parse(body.wait.askAgainAt) - Date.parse(order.createdAt)).toBeGreaterThan(29_000);
    await rows(system, 'DELETE FROM outbox_messages');
    expect((await waitOf(order.id).expect(200)).body.wait.isUnsent).toBe(false);
  });

  it('says that an order waits for nothing', async () => {
    const { body: order } = await post(system.service, '/orders', anOrder()).expect(201);
    expect((await waitOf(order.id).expect(200)).body).toEqual({ orderId: order.id });
  });

  it('says since when the answer to a shipment is missing, after the delivery too', async () => {
    const { body: order } = await post(system.service, '/orders', anOrder()).expect(201);
    const step = (path: string, body: object) =>
      post(system.service, `/orders/${order.id}/${path}`, body, uuidv7(), BACKOFFICE).expect(200);
    const { body: shipped } = await step('shipment', { carrier: 'DHL', trackingNumber: '1' });
    await step('delivery', {});
    const { wait } = (await waitOf(order.id).expect(200)).body;
    expect(wait).toMatchObject({ awaiting: 'fulfilment', since: shipped.updatedAt });
  });

  it.each([uuidv7(), 'ORD-1'])('finds nothing under %s', async (id) => {
    expect((await waitOf(id).expect(404)).body).toMatchObject({ code: 'order-not-found' });
  });

  it('is refused to a request that did not come through the gateway', async () => {
    await waitOf(uuidv7(), {}).expect(401);
  });
});
