import { printable, text } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { list } from '@shop/chassis/edge/list.ts';
import { cursor, limit } from '@shop/chassis/edge/page.ts';
import { z } from 'zod';
import { currencies } from './currencies.ts';
import { orderStatuses } from './order.ts';
import { demandOf, MAX_LINES, MAX_QUANTITY, mergeLines } from './order-lines.ts';

export const currency = z.enum([...currencies], 'Must be an ISO 4217 currency code.').meta({
  id: 'Currency',
  description: 'ISO 4217 currency code. Withdrawn codes are accepted, because old orders keep their currency',
});

/** An order line, in requests and responses. */
export const orderLine = z
  .strictObject({
    sku,
    quantity: z.int().min(1).max(MAX_QUANTITY),
    unitPrice: z.int().min(0).max(1_000_000_000).optional().meta({ description: 'Integer, in minor units' }),
  })
  .meta({ id: 'OrderLine' });

/** POST /orders. Lines are merged first; the limits apply to the merged lines. */
export const placeOrderBody = z.strictObject({
  customerId: printable(1, 100),
  currency,
  lines: list(orderLine)
    .transform(mergeLines)
    .refine((lines) => lines.length <= MAX_LINES, `Must have at most ${MAX_LINES} lines after merging.`)
    .refine(
      (lines) => demandOf(lines).every((demand) => demand.quantity <= MAX_QUANTITY),
      `The quantities of a SKU must sum to at most ${MAX_QUANTITY}.`,
    ),
});
export type PlaceOrderInput = z.output<typeof placeOrderBody>;

export const cancelOrderBody = z.strictObject({ reason: text(1, 200).optional() });
export const shipOrderBody = z.strictObject({ carrier: text(1, 100), trackingNumber: text(1, 100) });
export const deliverOrderBody = z.strictObject({});

export const orderStatus = z.enum(orderStatuses).meta({ id: 'OrderStatus' });

/** Filters for clients that see only their own orders: there is no `clientId`. */
export const ownOrdersQuery = z.strictObject({
  status: orderStatus.optional().meta({ description: 'Only orders in this status' }),
  customerId: text(1, 100).optional().meta({ description: 'Only orders of this customer' }),
  sku: sku.optional().meta({ description: 'Only orders with a line of this SKU' }),
  number: z
    .string()
    .regex(/^ORD-[1-9][0-9]{0,17}$/, 'Must be an order number like ORD-1024.')
    .transform((number) => number.slice('ORD-'.length))
    .optional()
    .meta({ description: 'Only the order with this number' }),
  limit,
  cursor,
});
/** Filters for shoppers, who are one customer. */
export const shopperOrdersQuery = ownOrdersQuery.omit({ customerId: true });
export const anyOrdersQuery = ownOrdersQuery.extend({
  clientId: text(1, 255)
    .optional()
    .meta({ description: 'Only orders placed by this client. For back office and operations only' }),
});
