import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { asReservationId } from '../addresses.ts';
import { reservationNotFound } from '../errors.ts';
import { toReservationView } from './reservations.routes.ts';
import { findReservations } from './reservations.sql.ts';

/** `<base>/reservations/{id}`: a reservation, for operators. */
export function reservationOperationsRoutes({ pool, base }: { pool: Queryable; base: string }): Router {
  const routes = Router({ caseSensitive: true, strict: true });

  routes.get(`${base}/reservations/:id`, async (req, res) => {
    const [found] = await findReservations(pool, [asReservationId(req.params.id)]);
    if (!found) throw reservationNotFound();
    sendReply(res, toReply(200, toReservationView(found)));
  });

  return routes;
}
