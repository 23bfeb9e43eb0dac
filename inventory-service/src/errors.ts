import { refused } from '@shop/chassis/contract/problems.ts';
import type { RefusedError } from '@shop/chassis/reliable/refusal.ts';

/** 404 for a SKU that no product has, and for an invalid SKU. */
export function productNotFound(): RefusedError {
  return refused('product-not-found', 'No product has this SKU.');
}

/** 404 for an id that no reservation has, and for an invalid id. */
export function reservationNotFound(): RefusedError {
  return refused('reservation-not-found', 'No reservation has this id.');
}
