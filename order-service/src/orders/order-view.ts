import { sku } from '@shop/chassis/contract/sku.ts';
import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { z } from 'zod';
import type { Order } from './order.ts';
import { currency, orderLine, orderStatus } from './order-input.ts';

/** Why a line could not be reserved. */
export const shortage = z
  .strictObject({
    sku,
    requested: z.int().min(1),
    available: z.int().min(0).meta({ description: '0 for an unknown SKU' }),
    reason: z.enum(['unknown-sku', 'insufficient-stock']),
  })
  .meta({ id: 'Shortage' });

/** The schema of {@link toOrderView}, as JSON. */
export const orderView = z
  .strictObject({
    id: z.uuidv7().meta({ description: 'UUIDv7; increases with time' }),
    number: z
      .string()
      .regex(/^ORD-[1-9][0-9]*$/)
      .meta({ description: 'Order number for people; increases with time', examples: ['ORD-1024'] }),
    clientId: z.string(),
    customerId: z.string(),
    currency,
    lines: z.array(orderLine).min(1),
    status: orderStatus,
    rejection: z
      .strictObject({ lines: z.array(shortage).min(1) })
      .optional()
      .meta({ description: 'Present if the order is rejected' }),
    shipment: z
      .strictObject({ carrier: z.string(), trackingNumber: z.string() })
      .optional()
      .meta({ description: 'Present once the order is shipped' }),
    cancellation: z
      .strictObject({ reason: z.string().optional() })
      .optional()
      .meta({ description: 'Present if cancelled' }),
    createdAt: time,
    updatedAt: time,
    version: z.int().min(1).meta({ description: 'Increases by one with each change of status' }),
  })
  .meta({ id: 'Order' });

/** The order in every HTTP response; absent members are omitted. */
export function toOrderView(order: Order) {
  return {
    id: order.id,
    number: order.number,
    clientId: order.clientId,
    customerId: order.customerId,
    currency: order.currency,
    lines: order.lines,
    status: order.status,
    rejection: order.rejection,
    shipment: order.shipment,
    cancellation: order.cancellation,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    version: order.version,
  };
}

const queuedAgain = z.strictObject({ deadLetter: z.uuidv7(), message: z.string(), reason: z.string() });

/** An entry of an order's timeline, as JSON. */
export const timelineEntry = z
  .strictObject({
    type: z.enum(['placed', 'queued', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered', 'replays']).meta({
      description:
        '`queued`: the reservation was requested by message. `replays`: retries that got the stored response',
    }),
    at: time,
    actor: z.string().meta({ description: 'Id of a client, or name of a service' }),
    correlationId: z.string().meta({ description: 'Id of the request that caused it' }),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional()
      .meta({ description: 'Id of the trace, if it differs from the request’s id' }),
    detail: z
      .union([
        orderView.shape.rejection.unwrap(),
        orderView.shape.shipment.unwrap(),
        orderView.shape.cancellation.unwrap(),
        queuedAgain,
      ])
      .optional()
      .meta({
        description:
          'Present for `rejected`, `shipped` and `cancelled`, and for `queued` after a replay of a dead letter',
      }),
    replays: z.int().min(1).optional().meta({ description: 'Number of retries, for `replays`' }),
  })
  .meta({ id: 'TimelineEntry' });
