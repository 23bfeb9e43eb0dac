import { isRefusal, type Product } from '@shop/client';
import { api } from '../../shared/api/client.ts';
import { skusIn } from '../stories/search.ts';

/** The product with this SKU; `null` if there is none. */
export async function findProduct(sku: string, signal: AbortSignal): Promise<Product | null> {
  try {
    return await api.products.get(sku, { signal });
  } catch (error) {
    if (isRefusal(error, 'product-not-found')) return null;
    throw error;
  }
}

// A search does not wait longer for inventory-service; it then leads elsewhere.
const LOOKUP_MS = 2_000;

/** The SKU of the product that a person means, if there is one. */
export async function findSku(text: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(LOOKUP_MS);
  const found = await Promise.all(skusIn(text).map((sku) => findProduct(sku, signal).catch(() => null)));
  return found.find((product) => product !== null)?.sku;
}
