import type { Request } from 'express';
import { refused } from '../../contract/problems.ts';
import type { RefusedError } from '../../reliable/refusal.ts';
import { validationFailed } from '../body.ts';
import type { Person } from '../principal.ts';
import { cookieNames, readCaller, readCredentials } from './credentials.ts';
import { describeRefusal } from './refused-token.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createTokenVerifier } from './token-verifier.ts';

/** Identifies people by their access tokens. */
export interface People {
  /** The person who sent the request; undefined without a token. Throws 401 for an invalid token and 403 for another site. */
  identify(req: Pick<Request, 'rawHeaders'>): Promise<Person | undefined>;
}

/** Whose session a request is to make; undefined without `X-Caller`. Throws 400 if that is malformed, and 403 for another site. */
export function declaredCaller(req: Pick<Request, 'rawHeaders'>): Person['kind'] | undefined {
  const declared = readCaller(req);
  switch (declared.kind) {
    case 'none':
      return undefined;
    case 'malformed':
      throw validationFailed([{ pointer: '/X-Caller', detail: 'Must be shopper or staff, once.' }]);
    case 'cross-site':
      throw crossSite();
    case 'declared':
      return declared.caller;
  }
}

export interface PeopleOptions {
  publicUrl: string | undefined;
  keys: SigningKeys;
}

/** People, as their access tokens identify them. */
export function createPeople({ publicUrl, keys }: PeopleOptions): People {
  const cookies = cookieNames(publicUrl);
  const verify = createTokenVerifier(keys);
  return {
    async identify(req) {
      const credentials = readCredentials(req, cookies);
      switch (credentials.kind) {
        case 'none':
        case 'token-missing':
          return undefined;
        case 'malformed':
          throw notSignedIn(credentials.fault);
        case 'cross-site':
          throw crossSite();
        case 'token': {
          const verified = await verify(credentials.token, credentials.caller);
          if (verified.kind !== 'valid') throw notSignedIn(describeRefusal(verified, keys.clockAheadMs?.()));
          return verified.person;
        }
      }
    },
  };
}

function crossSite(): RefusedError {
  return refused('forbidden', 'Requests of pages of other sites are not allowed.');
}

/** 401, for people. */
export function notSignedIn(detail = 'Sign in first.'): RefusedError {
  return refused('not-signed-in', detail);
}
