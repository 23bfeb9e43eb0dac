import { type Caller, type CallOptions, pathTo, type WriteOptions } from './call.ts';
import { type Listing, makeListing } from './listing.ts';
import type { AdjustmentResults, Movement, Product, Schemas } from './types.ts';

/** Products and their stock. */
export interface Products {
  /** A new product, without stock. */
  create(body: Schemas['CreateProductBody'], options?: WriteOptions): Promise<Product>;
  /** The product as it is now. */
  get(sku: string, options?: CallOptions): Promise<Product>;
  /** By SKU. */
  list(query?: Schemas['ListProductsQuery'], options?: CallOptions): Listing<Product>;
  /** Another name. */
  rename(sku: string, body: Schemas['RenameProductBody'], options?: WriteOptions): Promise<Product>;
  /** More units, or fewer; never fewer than are reserved. */
  adjust(sku: string, body: Schemas['AdjustStockBody'], options?: WriteOptions): Promise<Product>;
  /** Up to 1,000 adjustments, each by itself and once for its own `key`; one that is refused stops no other. */
  adjustAll(body: Schemas['AdjustStockBatchBody'], options?: WriteOptions): Promise<AdjustmentResults>;
  /** The units on hand are `counted`, if they were `expected` until now. */
  count(sku: string, body: Schemas['CountStockBody'], options?: WriteOptions): Promise<Product>;
  /** The ledger of its stock, newest first. */
  movements(sku: string, query?: Schemas['ListMovementsQuery'], options?: CallOptions): Listing<Movement>;
}

/** The operations on products. */
export function productsOf(caller: Caller): Products {
  return {
    async create(body, options) {
      return (await caller({ method: 'POST', path: '/products', body }, options)) as Product;
    },
    async get(sku, options) {
      return (await caller({ method: 'GET', path: pathTo`/products/${sku}` }, options)) as Product;
    },
    list: (query, options) => makeListing(caller, '/products', query, options),
    async rename(sku, body, options) {
      return (await caller({ method: 'PATCH', path: pathTo`/products/${sku}`, body }, options)) as Product;
    },
    async adjust(sku, body, options) {
      return (await caller({ method: 'POST', path: pathTo`/products/${sku}/adjustments`, body }, options)) as Product;
    },
    async adjustAll(body, options) {
      return (await caller({ method: 'POST', path: '/products/adjustments', body }, options)) as AdjustmentResults;
    },
    async count(sku, body, options) {
      return (await caller({ method: 'POST', path: pathTo`/products/${sku}/counts`, body }, options)) as Product;
    },
    movements: (sku, query, options) => makeListing(caller, pathTo`/products/${sku}/movements`, query, options),
  };
}
