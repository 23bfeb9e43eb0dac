import { type ProblemCode, refused } from '@shop/chassis/contract/problems.ts';
import { RefusedError } from '@shop/chassis/reliable/refusal.ts';

/** 401 for a mail address and a password that do not go together. */
export function invalidCredentials(): RefusedError {
  return refused('invalid-credentials', 'The mail address or the password is wrong.');
}

/** 401 for a refresh token that is unknown, or whose session has ended; and for an access token of an account that was deleted. */
export function sessionEnded(): RefusedError {
  return refused('session-ended', 'Sign in again.');
}

/** 429 after too many failed sign-ins. */
export function tooManyAttempts(retryAfterSeconds: number): RefusedError {
  const detail = 'Wait before the next attempt, or reset the password.';
  return new RefusedError({ code: 'too-many-attempts' satisfies ProblemCode, detail }, retryAfterSeconds);
}

/** 401 for a wrong password of the person who is signed in. */
export function wrongPassword(): RefusedError {
  return refused('invalid-credentials', 'The password is wrong.');
}

/** 400 for a one-time token that was not made here, has expired, or was used for something else. */
export function tokenInvalid(): RefusedError {
  return refused('token-invalid', 'Request a new link.');
}

/** 404 for an account that nobody has. */
export function accountNotFound(detail: string): RefusedError {
  return refused('account-not-found', detail);
}

/** 404 for an address that the account does not have; addresses of others are none. */
export function addressNotFound(): RefusedError {
  return refused('address-not-found', 'This account has no address with this id.');
}
