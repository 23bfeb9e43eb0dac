import { edgeProblems, type ProblemDefinition, RefusedError } from '@shop/chassis/http/problem.ts';

type ErrorCode =
  | keyof typeof edgeProblems
  | 'product-not-found'
  | 'product-exists'
  | 'insufficient-stock'
  | 'reservation-not-found';

/** What HTTP makes of every code that this service can answer; a missing line does not compile. */
export const problems = {
  ...edgeProblems,
  'product-not-found': { status: 404, title: 'There is no such product' },
  'product-exists': { status: 409, title: 'A product with this SKU exists' },
  'insufficient-stock': { status: 409, title: 'Not enough units are available' },
  'reservation-not-found': { status: 404, title: 'There is no such reservation' },
} as const satisfies Record<ErrorCode, ProblemDefinition>;

/** 404 for a SKU that no product has, one that is no SKU included. */
export function productNotFound(): RefusedError {
  return new RefusedError('product-not-found', 'No product has this SKU.');
}

/** 404 for an id that no reservation has, one that is no id included. */
export function reservationNotFound(): RefusedError {
  return new RefusedError('reservation-not-found', 'No reservation has this id.');
}
