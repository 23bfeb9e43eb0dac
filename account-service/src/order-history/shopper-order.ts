import { z } from 'zod';

// Tolerant: what is not named here is kept as it is.
const line = z.looseObject({ quantity: z.number(), unitPrice: z.number().optional() });
/** An order of a shopper, as order-service answers. */
export const shopperOrder = z.looseObject({
  id: z.guid(),
  number: z.string(),
  customerId: z.string(),
  currency: z.string(),
  lines: z.array(line),
  status: z.string(),
  createdAt: z.string(),
  version: z.int(),
});
export type ShopperOrder = z.output<typeof shopperOrder>;

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The account whose order it is; undefined if the customer is no account. */
export function accountOf({ customerId }: ShopperOrder): string | undefined {
  return isUuid.test(customerId) ? customerId : undefined;
}

/** The sum of its lines; undefined if one has no price, or if the sum is no safe integer. */
export function totalOf({ lines }: ShopperOrder): number | undefined {
  let total = 0;
  for (const { quantity, unitPrice } of lines) {
    if (unitPrice === undefined) return undefined;
    total += quantity * unitPrice;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}
