export type { CallOptions, ClientSettings, WriteOptions } from './call.ts';
export { type Client, createClient } from './client.ts';
export { describeProblem, isRefusal, NoAnswerError, type Outcome, RefusedError, ShopError } from './errors.ts';
export { newKey } from './key.ts';
export type { Listing } from './listing.ts';
export type { Operations, ServicePath } from './operations.ts';
export type { Orders, PlaceOptions } from './orders.ts';
export type { Products } from './products.ts';
export type * from './types.ts';
