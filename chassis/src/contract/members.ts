import { z } from 'zod';

/* Members shared by messages of several producers. */

export const id = z.uuid().toLowerCase();
export const time = z.iso.datetime();
export const sku = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
export const quantity = z.int().min(1).max(1_000_000);
export const text = (longest: number) => z.string().min(1).max(longest);

export const shortage = z.object({
  sku,
  requested: z.int().positive(),
  available: z.int().nonnegative(),
  reason: z.enum(['unknown-sku', 'insufficient-stock']),
});
export const ofReservation = { reservationId: id };
