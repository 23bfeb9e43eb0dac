import { asUuid } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { productNotFound, reservationNotFound } from './errors.ts';

/** The SKU in a path. An invalid SKU is a 404 without a query. */
export function asSku(parameter: unknown): string {
  const result = sku.safeParse(parameter);
  if (!result.success) throw productNotFound();
  return result.data;
}

/** The reservation's id in a path. */
export function asReservationId(parameter: unknown): string {
  const id = asUuid(parameter);
  if (!id) throw reservationNotFound();
  return id;
}
