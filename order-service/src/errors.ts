import type { ProblemDefinition } from '@shop/chassis/http/problem.ts';

export type ErrorCode =
  | 'order-not-found'
  | 'order-rejected'
  | 'order-cancelled'
  | 'illegal-transition'
  | 'shipment-differs';

/** What HTTP makes of the domain's refusals; a code that is missing here does not compile. */
export const problems = {
  'order-not-found': { status: 404, title: 'There is no such order' },
  'order-rejected': { status: 409, title: 'There is not enough stock' },
  'order-cancelled': { status: 409, title: 'The order was cancelled' },
  'illegal-transition': { status: 409, title: 'The order cannot take this step' },
  'shipment-differs': { status: 409, title: 'The order was shipped differently' },
} as const satisfies Record<ErrorCode, ProblemDefinition>;
