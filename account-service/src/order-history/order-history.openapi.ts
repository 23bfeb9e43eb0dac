import { pageOf, problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import { nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { accountView } from '../accounts/account.ts';
import { ownOrdersQuery } from './order-history.routes.ts';

const item = z
  .strictObject({
    id: z.uuidv7(),
    number: z.string(),
    status: z.string().meta({ description: 'As `status` of the order' }),
    currency: z.string(),
    total: z.int().optional().meta({
      description: 'Sum of the lines in the smallest unit of the currency. Absent if a line has no price',
    }),
    lines: z
      .array(z.object({ sku: z.string(), quantity: z.int().min(1), unitPrice: z.int().min(0).optional() }))
      .meta({ description: 'The first five' }),
    lineCount: z.int().min(1).meta({ description: 'Number of all lines' }),
    placedAt: time,
    version: z.int().min(1).meta({ description: 'As `version` of the order' }),
  })
  .meta({ id: 'HistoryItem' });

const dashboard = z
  .strictObject({
    account: accountView,
    orders: z.array(item).meta({ description: 'The last five' }),
    recommendations: z.array(z.never()).meta({ description: 'Products that may be of interest' }),
    degraded: z.array(z.string()).meta({ description: 'Services whose part is missing, because they did not answer' }),
  })
  .meta({ id: 'Dashboard' });

const order = {
  id: '0195f0a0-0000-7000-8000-00000000000c',
  number: 'ORD-1042',
  status: 'confirmed',
  currency: 'EUR',
  total: 1_800,
  lines: [{ sku: 'MUG-BLUE', quantity: 2, unitPrice: 900 }],
  lineCount: 1,
  placedAt: '2026-01-05T09:30:00.000Z',
  version: 2,
};

/** The orders of a shopper. */
export const orderHistoryOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/accounts/me/orders',
    operationId: 'listOwnOrders',
    route: 'accounts-own-orders',
    summary: 'List the orders of the account, newest first',
    description:
      'A change of an order is usually seen here within a second; `GET /orders/{id}` has it at once. An order that was just placed may be missing.',
    tag: 'orders',
    groups: [],
    people: ['shopper'],
    query: ownOrdersQuery,
    answers: [success(200, 'A page.', pageOf(item), { items: [order] }), problemAnswer('session-ended')],
    links: nextPage('listOwnOrders'),
  },
  {
    method: 'get',
    path: '/accounts/me/dashboard',
    operationId: 'readDashboard',
    route: 'accounts-dashboard',
    summary: 'Read what an account begins with: profile, last orders, recommended products',
    description: 'What another service does not answer in time is empty, and `degraded` names the service.',
    tag: 'orders',
    groups: [],
    people: ['shopper'],
    answers: [
      success(200, 'The dashboard.', dashboard, {
        account: {
          id: '0195f0a0-0000-7000-8000-000000000001',
          email: 'ada@example.org',
          name: 'Ada Lovelace',
          locale: 'en',
          roles: [],
          version: 2,
        },
        orders: [order],
        recommendations: [],
        degraded: ['catalogue'],
      }),
      problemAnswer('session-ended'),
    ],
  },
];
