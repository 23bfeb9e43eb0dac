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

// Any UUID is valid input; one that no order has is a 404.
const orderId = z.guid().meta({ description: '`id` of the order', examples: ['0195f0a0-0000-7000-8000-000000000001'] });

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
      'The request that inventory-service has not answered: the reservation of a pending order, the release of a cancelled order or the fulfilment of a shipped order',
  }),
  since: time,
  asks: z.int().min(0).meta({ description: 'Number of requests sent by message' }),
  askAgainAt: time.meta({ description: 'When the request is sent again, unless it is answered before' }),
  isUnsent: z.boolean().meta({ description: 'Whether the last message has not reached the broker yet' }),
});
const orderWait = z
  .strictObject({
    orderId: z.uuidv7(),
    wait: wait.optional().meta({ description: 'Absent if the order waits for nothing' }),
  })
  .meta({ id: 'OrderWait' });

/** The operations on orders. */
export const orderOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/orders',
    operationId: 'placeOrder',
    route: 'orders-place',
    summary: 'Place an order',
    description:
      'Lines with the same SKU and the same `unitPrice` are merged. After that, at most 1,000 lines are allowed, and the quantities of a SKU ' +
      'may sum to at most 1,000,000. The response takes at most 2.5 s. After 202, retry the same request with the same key, or read ' +
      '`Location`, to get the outcome.',
    tag: 'orders',
    groups: ['storefront'],
    body: { schema: placeOrderBody, example: place },
    answers: [
      placed(201, 'Confirmed: the stock is reserved.', confirmed, REPLAYABLE),
      placed(202, 'Accepted and durable: the order is pending. Retry after `Retry-After`.', pending, {
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
      'A storefront sees its own orders only, and a shopper the orders of the account. `clientId` is for back office and operations; ' +
      'from others it is a 400, and so is `customerId` from a shopper. `sku` finds the orders with a line of it, at any price. A ' +
      'page is limited by the number of orders read and by 2,000 lines: it may have fewer items than `limit`, or none, and still have a `nextCursor`.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    people: ['shopper'],
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
    description:
      'The current state of the order. The response stored under the key of the request that placed it does not change with it.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    people: ['shopper'],
    parameters: { id: orderId },
    answers: [success(200, 'The order.', orderView, confirmed), notFound],
  },
  {
    method: 'get',
    path: '/orders/{id}/timeline',
    operationId: 'readTimeline',
    route: 'orders-timeline',
    summary: 'Read the timeline of an order, oldest entry first',
    description:
      'All actions on the order, with actor and time. Retries of the request that placed it are one entry, updated within a second.',
    tag: 'orders',
    groups: ['storefront', 'backoffice', 'operations'],
    people: ['shopper'],
    parameters: { id: orderId },
    answers: [
      success(200, 'The timeline.', z.strictObject({ items: z.array(timelineEntry) }), {
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
    summary: 'Cancel an order and release its stock',
    description: 'Possible until the order is shipped. If it is already cancelled, it stays unchanged: 200.',
    tag: 'orders',
    groups: ['storefront', 'backoffice'],
    people: ['shopper'],
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
      'Its units leave the stock. If the order is already shipped with the same carrier and tracking number, it stays unchanged: 200.',
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
    summary: 'Mark a shipped order as delivered',
    description: 'If the order is already delivered, it stays unchanged: 200.',
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
      'While inventory-service has not answered for an order, the request is repeated by message, at growing intervals of up to 10 minutes.',
    tag: 'orders',
    groups: ['operations'],
    parameters: { id: orderId },
    answers: [
      success(200, 'The request that the order waits for, if any.', orderWait, {
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
