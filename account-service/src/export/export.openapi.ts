import { success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { home } from '../addresses/addresses.openapi.ts';
import { sessionEnded } from '../profile/profile.openapi.ts';
import { exportView } from './export.routes.ts';

const known = {
  exportedAt: '2026-01-05T12:00:00.000Z',
  account: {
    ...ada,
    createdAt: '2026-01-05T09:00:00.000Z',
    updatedAt: '2026-01-05T09:30:00.000Z',
    passwordChangedAt: '2026-01-05T09:30:00.000Z',
  },
  addresses: [home],
  sessions: [
    {
      id: '0195f0a0-0000-7000-8000-000000000003',
      audience: 'shop',
      createdAt: '2026-01-05T09:30:00.000Z',
      expiresAt: '2026-02-04T09:30:00.000Z',
    },
  ],
  mails: [
    {
      purpose: 'verification',
      email: ada.email,
      createdAt: '2026-01-05T09:00:00.000Z',
      usedAt: '2026-01-05T09:30:00.000Z',
    },
  ],
  orders: [
    {
      id: '0195f0a0-0000-7000-8000-00000000000c',
      number: 'ORD-1042',
      clientId: 'web',
      customerId: ada.id,
      currency: 'EUR',
      lines: [{ sku: 'MUG-BLUE', quantity: 2, unitPrice: 900 }],
      status: 'confirmed',
      createdAt: '2026-01-05T09:45:00.000Z',
      version: 2,
    },
  ],
};

/** The data of a person, to take away. */
export const exportOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/accounts/me/export',
    operationId: 'exportAccount',
    route: 'accounts-me-export',
    summary: 'Export all that is known about the own account',
    description:
      'The account with its addresses, sessions and mails, as they are at one moment, and all its orders. An order that is placed meanwhile may be missing. Passwords and tokens are not part of it, because they are not stored. An export that breaks off is no valid JSON: ask again.',
    tag: 'profile',
    groups: [],
    people: ['shopper'],
    answers: [success(200, 'The data.', exportView, known), sessionEnded],
  },
];
