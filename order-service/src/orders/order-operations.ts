/**
 * Fingerprint definitions for the writes of order-service. The paths in version 1 are names that stay when a route changes.
 * Frozen: a change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import type { z } from 'zod';
import type { cancelOrderBody, PlaceOrderInput, shipOrderBody } from './order-input.ts';
import { canonicalLines } from './order-lines.ts';

/** A step of an order. The id is as in the path, where upper case is equivalent. */
export interface StepAsked<Input> {
  orderId: unknown;
  input: Input;
}

const target = ({ orderId }: StepAsked<unknown>) => ({ id: String(orderId).toLowerCase() });

/** The order of the lines does not matter. */
export const placeOrder: Operation<PlaceOrderInput> = {
  id: 'placeOrder',
  forms: {
    1: ({ customerId, currency, lines }) => [
      'POST',
      '/orders',
      {},
      {
        customerId,
        currency,
        lines: canonicalLines(lines).map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice })),
      },
    ],
  },
  writes: 1,
};

export const cancelOrder: Operation<StepAsked<z.output<typeof cancelOrderBody>>> = {
  id: 'cancelOrder',
  forms: { 1: (asked) => ['POST', '/orders/:id/cancellation', target(asked), { reason: asked.input.reason }] },
  writes: 1,
};

export const shipOrder: Operation<StepAsked<z.output<typeof shipOrderBody>>> = {
  id: 'shipOrder',
  forms: {
    1: (asked) => {
      const { carrier, trackingNumber } = asked.input;
      return ['POST', '/orders/:id/shipment', target(asked), { carrier, trackingNumber }];
    },
  },
  writes: 1,
};

export const deliverOrder: Operation<StepAsked<unknown>> = {
  id: 'deliverOrder',
  forms: { 1: (asked) => ['POST', '/orders/:id/delivery', target(asked), {}] },
  writes: 1,
};
