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

/** The order as {@link toOrderView} shows it, once it is JSON. */
export const orderView = z
  .strictObject({
    id: z.uuidv7().meta({ description: 'UUIDv7; grows with time' }),
    number: z
      .string()
      .regex(/^ORD-[1-9][0-9]*$/)
      .meta({ description: 'For people; grows with time', examples: ['ORD-1024'] }),
    clientId: z.string(),
    customerId: z.string(),
    currency,
    lines: z.array(orderLine).min(1),
    status: orderStatus,
    rejection: z
      .strictObject({ lines: z.array(shortage).min(1) })
      .optional()
      .meta({ description: 'When rejected' }),
    shipment: z
      .strictObject({ carrier: z.string(), trackingNumber: z.string() })
      .optional()
      .meta({ description: 'Once shipped' }),
    cancellation: z.strictObject({ reason: z.string().optional() }).optional().meta({ description: 'When cancelled' }),
    createdAt: time,
    updatedAt: time,
    version: z.int().min(1).meta({ description: 'Grows by one with each change of status' }),
  })
  .meta({ id: 'Order' });

/** The order as HTTP shows it, everywhere; absent members are left out. */
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

/** An entry of an order's timeline, once it is JSON. */
export const timelineEntry = z
  .strictObject({
    type: z
      .enum(['placed', 'queued', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered', 'replays'])
      .meta({ description: '`queued`: asked for by message. `replays`: how often the answer was given again' }),
    at: time,
    actor: z.string().meta({ description: 'A client’s id, or a service' }),
    correlationId: z.string().meta({ description: 'The id of the request from which it followed' }),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional()
      .meta({ description: 'The trace in which it happened, where that is not named after the request' }),
    detail: z
      .union([
        orderView.shape.rejection.unwrap(),
        orderView.shape.shipment.unwrap(),
        orderView.shape.cancellation.unwrap(),
        queuedAgain,
      ])
      .optional()
      .meta({ description: 'Of `rejected`, `shipped`, `cancelled`; of `queued` when a person replayed a dead letter' }),
    replays: z.int().min(1).optional().meta({ description: 'Of `replays`' }),
  })
  .meta({ id: 'TimelineEntry' });
