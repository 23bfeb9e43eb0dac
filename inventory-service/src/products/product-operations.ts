/**
 * Fingerprint definitions for writes to products. The paths in version 1 are names that stay when a route changes. Frozen: a
 * change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';

export const createProduct: Operation<{ sku: string; name: string }> = {
  id: 'createProduct',
  forms: { 1: ({ sku, name }) => ['POST', '/products', {}, { sku, name }] },
  writes: 1,
};

export const renameProduct: Operation<{ sku: unknown; name: string }> = {
  id: 'renameProduct',
  forms: { 1: ({ sku, name }) => ['PATCH', '/products/:sku', { sku }, { name }] },
  writes: 1,
};

export const adjustStockBatch: Operation<{
  adjustments: readonly { key: string; sku: string; delta: number; reason: string }[];
}> = {
  id: 'adjustStockBatch',
  forms: { 1: ({ adjustments }) => ['POST', '/products/adjustments', {}, { adjustments }] },
  writes: 1,
};

export const countStock: Operation<{ sku: unknown; counted: number; expected: number }> = {
  id: 'countStock',
  forms: { 1: ({ sku, counted, expected }) => ['POST', '/products/:sku/counts', { sku }, { counted, expected }] },
  writes: 1,
};

export const adjustStock: Operation<{ sku: unknown; delta: number; reason: string }> = {
  id: 'adjustStock',
  forms: { 1: ({ sku, delta, reason }) => ['POST', '/products/:sku/adjustments', { sku }, { delta, reason }] },
  writes: 1,
};
