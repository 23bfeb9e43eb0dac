/**
 * What every write of order-service leaves with its key, as text: the same bytes as in the first release, or a client's
 * retry across a deploy is refused, and for orders a retry at any time. A change here breaks the rows of all customers.
 */
import { hash } from 'node:crypto';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { keyNamed } from '@shop/chassis/testing/idempotency-keys.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aDeadReply,
  BACKOFFICE,
  createTestSystem,
  OPERATIONS,
  post,
  rows,
  STOREFRONT,
  type TestSystem,
} from './test-app.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

const digestOf = (text: string) => hash('sha256', text, 'hex');
async function storedUnder(key: string): Promise<string | undefined> {
  const stored = await keyNamed(system.database.pool, key);
  return stored?.fingerprint.toString('hex');
}
const aBody = () => ({
  lines: [
    { quantity: 2, sku: 'MUG' },
    { unitPrice: 900, quantity: 1, sku: 'CUP' },
    { sku: 'MUG', quantity: 1 },
  ],
  currency: 'EUR',
  customerId: 'c-1',
});
const A_BODY =
  '{"currency":"EUR","customerId":"c-1","lines":[{"quantity":1,"sku":"CUP","unitPrice":900},{"quantity":3,"sku":"MUG"}]}';

it('an order', async () => {
  const { body } = await post(system.service, '/orders', aBody(), 'k').expect(201);
  const expected = digestOf(`["POST","/orders",{},${A_BODY}]`);
  expect(await storedUnder('k')).toBe(expected);
  const [order] = await rows<{ fingerprint: Buffer }>(system, 'SELECT fingerprint FROM orders WHERE id = $1', [
    body.id,
  ]);
  expect(order?.fingerprint.toString('hex')).toBe(expected);
});

it.each([
  ['cancellation', { reason: 'changed my mind' }, '{"reason":"changed my mind"}', STOREFRONT],
  ['cancellation', {}, '{}', STOREFRONT],
  ['cancellation', undefined, '{}', STOREFRONT],
  ['shipment', { carrier: 'DHL', trackingNumber: '1' }, '{"carrier":"DHL","trackingNumber":"1"}', BACKOFFICE],
])('a step: %s with %j', async (step, body, canonical, as) => {
  const order = await post(system.service, '/orders', aBody()).expect(201);
  await post(system.service, `/orders/${order.body.id.toUpperCase()}/${step}`, body, 'k', as).expect(200);
  expect(await storedUnder('k')).toBe(
    digestOf(`["POST","/orders/:id/${step}",{"id":"${order.body.id}"},${canonical}]`),
  );
});

it('a delivery', async () => {
  const { body } = await post(system.service, '/orders', aBody()).expect(201);
  const shipment = { carrier: 'DHL', trackingNumber: '1' };
  await post(system.service, `/orders/${body.id}/shipment`, shipment, uuidv7(), BACKOFFICE).expect(200);
  await post(system.service, `/orders/${body.id}/delivery`, {}, 'k', BACKOFFICE).expect(200);
  expect(await storedUnder('k')).toBe(digestOf(`["POST","/orders/:id/delivery",{"id":"${body.id}"},{}]`));
});

it.each([
  ['replay', undefined, '{}'],
  ['discard', { reason: 'sent by mistake' }, '{"reason":"sent by mistake"}'],
])('a dead letter: %s', async (action, body, canonical) => {
  const id = await aDeadReply(system, uuidv7());
  const path = `/operations/orders/dead-letters/${id}/${action}`;
  await post(system.service, path, body, 'k', OPERATIONS).expect(200);
  expect(await storedUnder('k')).toBe(
    digestOf(`["POST","/operations/orders/dead-letters/:id/${action}",{"id":"${id}"},${canonical}]`),
  );
});

it('a group of dead letters', async () => {
  await aDeadReply(system, uuidv7());
  const group = 'order.reservation-replies:reservation.held:attempts-exhausted';
  await post(system.service, '/operations/orders/dead-letters/replays', { group }, 'k', OPERATIONS).expect(202);
  expect(await storedUnder('k')).toBe(
    digestOf(`["POST","/operations/orders/dead-letters/replays",{},{"group":"${group}"}]`),
  );
});
