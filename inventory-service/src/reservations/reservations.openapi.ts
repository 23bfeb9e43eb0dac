import { sku } from '@shop/chassis/contract/sku.ts';
import { problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';

const quantity = z.int().min(1);
const reservation = z
  .strictObject({
    id: z.guid().meta({ description: 'The order’s id' }),
    state: z.enum(['held', 'fulfilled', 'released', 'rejected']).meta({
      description:
        '`held`: its units are set aside. `fulfilled`: they have left the stock. `released`: given back, or refused in advance. `rejected`: some line lacked stock',
    }),
    lines: z.array(z.strictObject({ sku, quantity })).meta({
      description: 'One per SKU; none when it was released before it was asked for',
    }),
    shortages: z
      .array(
        z.strictObject({
          sku,
          requested: quantity,
          available: z.int().min(0),
          reason: z.enum(['unknown-sku', 'insufficient-stock']),
        }),
      )
      .optional()
      .meta({ description: 'When rejected' }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Reservation' });

const id = z.guid().meta({ description: 'The order’s `id`', examples: ['0195f0a0-0000-7000-8000-000000000001'] });

/** Reservations, as operators see them. */
export const reservationOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/operations/inventory/reservations/{id}',
    operationId: 'readReservation',
    route: 'operations-inventory-reservation',
    summary: 'Read the reservation of an order',
    description: 'What inventory-service knows of an order: the order’s id is the reservation’s.',
    tag: 'reservations',
    groups: ['operations'],
    parameters: { id },
    answers: [
      success(200, 'The reservation.', reservation, {
        id: '0195f0a0-0000-7000-8000-000000000001',
        state: 'held',
        lines: [{ sku: 'MUG-BLUE', quantity: 2 }],
        createdAt: '2026-01-05T09:30:00.010Z',
        updatedAt: '2026-01-05T09:30:00.010Z',
      }),
      problemAnswer('reservation-not-found'),
    ],
  },
];
