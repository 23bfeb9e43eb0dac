import { principalOf } from '@shop/chassis/edge/callers.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import type { Response } from 'express';

/** The person who is signed in, on an operation that is for people only. */
export function personOf(res: Response): Person {
  const principal = principalOf(res);
  if (principal.kind === 'shopper' || principal.kind === 'staff') return principal;
  throw new Error(`personOf needs an operation that is for people only, not for a ${principal.kind}`);
}
