import { sku } from '@shop/chassis/contract/sku.ts';
import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { z } from 'zod';
import type { StockLevel } from '../stock/stock-level.ts';
import { available } from '../stock/stock-level.ts';

const units = z.int().min(0);

/** What can be ordered, with its units. */
export interface Product extends StockLevel {
  name: string;
  createdAt: Date;
  /** Last change of the name. */
  updatedAt: Date;
}

/** The product as {@link toProductView} shows it. */
export const productView = z
  .strictObject({
    sku,
    name: z.string(),
    onHand: units.meta({ description: 'Physically in stock' }),
    reserved: units.meta({ description: 'Set aside for orders' }),
    available: units.meta({ description: '`onHand` - `reserved`' }),
    createdAt: time,
    updatedAt: time.meta({ description: 'Of the name' }),
  })
  .meta({ id: 'Product' });

/** The product as clients see it. */
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
