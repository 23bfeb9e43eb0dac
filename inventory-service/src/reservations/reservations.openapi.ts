import { sku } from '@shop/chassis/contract/sku.ts';
import { problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';

const quantity = z.int().min(1);
const reservation = z
  .strictObject({
    id: z.guid().meta({ description: 'Id of the order' }),
    state: z.enum(['held', 'fulfilled', 'released', 'rejected']).meta({
      description:
        '`held`: the units are reserved. `fulfilled`: the units have left the stock. `released`: the units were released, or the release came before the request. `rejected`: a line lacked stock',
    }),
    lines: z.array(z.strictObject({ sku, quantity })).meta({
      description: 'One line per SKU; none if the release came before the request',
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
      .meta({ description: 'Present if the reservation is rejected' }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Reservation' });

const id = z.guid().meta({ description: '`id` of the order', examples: ['0195f0a0-0000-7000-8000-000000000001'] });

/** The operation on reservations, for operators. */
export const reservationOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/operations/inventory/reservations/{id}',
    operationId: 'readReservation',
    route: 'operations-inventory-reservation',
    summary: 'Read the reservation of an order',
    description: 'The state of the order’s stock in inventory-service. A reservation has the id of its order.',
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
