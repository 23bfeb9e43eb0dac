import { type Answer, pageOf, problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import { linksTo, nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import {
  anyOrdersQuery,
  cancelOrderBody,
  deliverOrderBody,
  orderStatus,
  placeOrderBody,
  shipOrderBody,
} from './order-input.ts';
import { orderView, shortage, timelineEntry } from './order-view.ts';

// Any UUID is a question; that no order has it is the answer.
const orderId = z.guid().meta({ description: 'The order’s `id`', examples: ['0195f0a0-0000-7000-8000-000000000001'] });

const confirmed = {
  id: '0195f0a0-0000-7000-8000-000000000001',
  number: 'ORD-1024',
  clientId: 'storefront-1',
  customerId: 'ada',
  currency: 'EUR',
  lines: [{ sku: 'MUG-BLUE', quantity: 2, unitPrice: 900 }],
  status: 'confirmed',
  createdAt: '2026-01-05T09:30:00.000Z',
  updatedAt: '2026-01-05T09:30:00.012Z',
  version: 2,
};
const pending = { ...confirmed, status: 'pending', updatedAt: confirmed.createdAt, version: 1 };
const shipment = { carrier: 'DHL', trackingNumber: 'JD014600003SE' };
const cancellation = { reason: 'Ordered twice' };
const place = { customerId: 'ada', currency: 'EUR', lines: confirmed.lines };

const notFound = problemAnswer('order-not-found');
const rejected = problemAnswer('order-rejected', {
  members: { orderId: z.uuidv7(), lines: z.array(shortage).min(1) },
});
const cancelled = problemAnswer('order-cancelled', { members: { orderId: z.uuidv7() } });
const illegalTransition = problemAnswer('illegal-transition', { members: { from: orderStatus, to: orderStatus } });
const shipmentDiffers = problemAnswer('shipment-differs');

const REPLAYABLE = { 'Idempotent-Replayed': false };

function placed(status: number, description: string, example: object, headers: Record<string, boolean>): Answer {
  return { ...success(status, description, orderView, example), headers: { Location: true, ...headers } };
}

function changed(description: string, change: object): Answer {
  const example = { ...confirmed, ...change, updatedAt: '2026-01-05T12:00:00.000Z', version: 3 };
  return { ...success(200, description, orderView, example), headers: REPLAYABLE };
}

const ofAnOrder = ['readOrder', 'readTimeline', 'cancelOrder', 'shipOrder', 'deliverOrder'];

const wait = z.strictObject({
  awaiting: z.enum(['reservation', 'release', 'fulfilment']).meta({
    description:
      'What inventory-service has not answered: the reservation of a pending order, the release of a cancelled one, the fulfilment of a shipped one',
  }),
  since: time,
  asks: z.int().min(0).meta({ description: 'How often it was asked by message' }),
  askAgainAt: time.meta({ description: 'When it is asked again, unless it answers before' }),
  isUnsent: z.boolean().meta({ description: 'Whether its last message has not reached the broker yet' }),
});
const orderWait = z
  .strictObject({ orderId: z.uuidv7(), wait: wait.optional().meta({ description: 'Absent: it waits for nothing' }) })
  .meta({ id: 'OrderWait' });

/** Everything below /orders, as clients see it. */
export const orderOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/orders',
    operationId: 'placeOrder',
    route: 'orders-place',
    summary: 'Place an order',
    description:
      'Lines with the same SKU and the same `unitPrice` are merged first; then there are at most 1,000 lines, and a SKU’s quantities ' +
      'sum to at most 1,000,000. The answer comes within 2.5 s. After 202, repeat the same request with the same key, or read ' +
      '`Location`, to learn what became of the order.',
    tag: 'orders',
    groups: ['storefront'],
    body: { schema: placeOrderBody, example: place },
    answers: [
      placed(201, 'Confirmed: the stock is reserved.', confirmed, REPLAYABLE),
      placed(202, 'Accepted and durable; its stock is not decided yet. Repeat after `Retry-After`.', pending, {
        'Retry-After': true,
      }),
      rejected,
      cancelled,
    ],
    links: linksTo(ofAnOrder, 'id', '/id'),
  },
  {
    method: 'get',
    path: '/orders',
    operationId: 'listOrders',
    route: 'orders-list',
    summary: 'List orders, newest first',
    description:
      'A storefront sees its own orders; `clientId` is for back office and operations, and 400 from a storefront. A page is ' +
      'bounded in orders that are read and in lines (2,000): it may be short, or empty, and still have a `nextCursor`.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    query: anyOrdersQuery,
    answers: [success(200, 'A page.', pageOf(orderView), { items: [confirmed] })],
    links: { ...linksTo(ofAnOrder, 'id', '/items/0/id'), ...nextPage('listOrders') },
  },
  {
    method: 'get',
    path: '/orders/{id}',
    operationId: 'readOrder',
    route: 'orders-read',
    summary: 'Read an order',
    description: 'As it is now. The answer to the request that placed it is what the key remembers, not this.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    parameters: { id: orderId },
    answers: [success(200, 'The order.', orderView, confirmed), notFound],
  },
  {
    method: 'get',
    path: '/orders/{id}/timeline',
    operationId: 'readTimeline',
    route: 'orders-timeline',
    summary: 'Read the story of an order, oldest first',
    description: 'Who did what and when. Repeats of the request that placed it are one entry, counted within a second.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    parameters: { id: orderId },
    answers: [
      success(200, 'Its story.', z.strictObject({ items: z.array(timelineEntry) }), {
        items: [
          {
            type: 'placed',
            at: '2026-01-05T09:30:00.000Z',
            actor: 'storefront-1',
            correlationId: '0b5ba1e3f9d94fb68e1f2d3c4a5b6978',
          },
          {
            type: 'replays',
            at: '2026-01-05T09:31:00.000Z',
            actor: 'storefront-1',
            correlationId: '0b5ba1e3f9d94fb68e1f2d3c4a5b6978',
            replays: 2,
          },
        ],
      }),
      notFound,
    ],
  },
  {
    method: 'post',
    path: '/orders/{id}/cancellation',
    operationId: 'cancelOrder',
    route: 'orders-cancel',
    summary: 'Cancel an order and give its stock back',
    description: 'Possible until it is shipped. An order that is cancelled already stays as it is: 200.',
    tag: 'orders',
    groups: ['storefront', 'backoffice'],
    parameters: { id: orderId },
    body: { schema: cancelOrderBody, example: cancellation, optional: true },
    answers: [changed('Cancelled.', { status: 'cancelled', cancellation }), notFound, illegalTransition],
  },
  {
    method: 'post',
    path: '/orders/{id}/shipment',
    operationId: 'shipOrder',
    route: 'orders-ship',
    summary: 'Ship a confirmed order',
    description:
      'Its units leave the stock. An order that is shipped already with the same carrier and number stays as it is: 200.',
    tag: 'orders',
    groups: ['backoffice'],
    parameters: { id: orderId },
    body: { schema: shipOrderBody, example: shipment },
    answers: [changed('Shipped.', { status: 'shipped', shipment }), notFound, illegalTransition, shipmentDiffers],
  },
  {
    method: 'post',
    path: '/orders/{id}/delivery',
    operationId: 'deliverOrder',
    route: 'orders-deliver',
    summary: 'Note that a shipped order was delivered',
    description: 'An order that is delivered already stays as it is: 200.',
    tag: 'orders',
    groups: ['backoffice'],
    parameters: { id: orderId },
    body: { schema: deliverOrderBody, example: {}, optional: true },
    answers: [changed('Delivered.', { status: 'delivered', shipment }), notFound, illegalTransition],
  },
  {
    method: 'get',
    path: '/operations/orders/waits/{id}',
    operationId: 'readOrderWait',
    route: 'operations-orders-wait',
    summary: 'Read what an order waits for',
    description:
      'An order whose answer from inventory-service is missing is asked for by message until it comes, at growing intervals of up to 10 minutes.',
    tag: 'orders',
    groups: ['operations'],
    parameters: { id: orderId },
    answers: [
      success(200, 'What it waits for, if anything.', orderWait, {
        orderId: confirmed.id,
        wait: {
          awaiting: 'reservation',
          since: '2026-01-05T09:30:00.000Z',
          asks: 1,
          askAgainAt: '2026-01-05T09:30:31.506Z',
          isUnsent: false,
        },
      }),
      notFound,
    ],
  },
];
