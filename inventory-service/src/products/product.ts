import { sku } from '@shop/chassis/contract/sku.ts';
import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { z } from 'zod';
import type { StockLevel } from '../stock/stock-level.ts';
import { available } from '../stock/stock-level.ts';

const units = z.int().min(0);

/** A product and its stock level. */
export interface Product extends StockLevel {
  name: string;
  createdAt: Date;
  /** Last change of the name. */
  updatedAt: Date;
}

/** The schema of {@link toProductView}. */
export const productView = z
  .strictObject({
    sku,
    name: z.string(),
    onHand: units.meta({ description: 'Units physically in stock' }),
    reserved: units.meta({ description: 'Units reserved for orders' }),
    available: units.meta({ description: '`onHand` minus `reserved`' }),
    createdAt: time,
    updatedAt: time.meta({ description: 'Time of the last change of the name' }),
  })
  .meta({ id: 'Product' });

/** The product in HTTP responses. */
export function toProductView(product: Product): z.output<typeof productView> {
  return {
    sku: product.sku,
    name: product.name,
    onHand: product.onHand,
    reserved: product.reserved,
    available: available(product),
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  };
}
