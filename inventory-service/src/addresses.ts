import { asUuid } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { validationFailed } from '@shop/chassis/edge/body.ts';
import { fromCursor } from '@shop/chassis/edge/page.ts';
import type { z } from 'zod';
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

/** The start of a page. The checksum of a cursor is not secret, so the position is validated. */
export function positionIn(scope: string, cursor: string | undefined, position: z.ZodType<string>): string | undefined {
  const text = fromCursor(scope, cursor);
  if (text === undefined || position.safeParse(text).success) return text;
  throw validationFailed([
    { pointer: '/cursor', detail: 'This cursor was not returned by this list with these filters.' },
  ]);
}
