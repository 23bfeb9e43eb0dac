import type { StockLevel } from '../stock/stock-level.ts';
import { available } from '../stock/stock-level.ts';

/** What can be ordered, with its units. */
export interface Product extends StockLevel {
  name: string;
  createdAt: Date;
  /** Last change of the name. */
  updatedAt: Date;
}

/** The product as clients see it. */
export function toProductView(product: Product) {
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
