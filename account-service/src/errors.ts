import { refused } from '@shop/chassis/contract/problems.ts';
import type { RefusedError } from '@shop/chassis/reliable/refusal.ts';

/** 400 for a one-time token that was not made here, has expired, or was used for something else. */
export function tokenInvalid(): RefusedError {
  return refused('token-invalid', 'Request a new link.');
}
