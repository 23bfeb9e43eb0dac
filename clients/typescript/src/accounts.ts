import { type Caller, type CallOptions, pathTo } from './call.ts';
import { type Listing, makeListing } from './listing.ts';
import type { Schemas } from './types.ts';

/** Sign-up and forgotten passwords, which anyone may call; reading accounts, for the back office and staff. */
export interface Accounts {
  /** Signs up with a mail address: its mailbox gets a link. A repeat sends another mail, at most three an hour. */
  signUp(body: Schemas['SignUpBody'], options?: CallOptions): Promise<Schemas['SignUpAnswer']>;
  /** Chooses name and password with the token of the link. A repeat has no second effect. */
  verify(body: Schemas['VerifyAccountBody'], options?: CallOptions): Promise<Schemas['VerifyAccountAnswer']>;
  /** Sends a link with which to choose a new password. A repeat sends another mail, at most three an hour. */
  requestPasswordReset(
    body: Schemas['RequestPasswordResetBody'],
    options?: CallOptions,
  ): Promise<Schemas['RequestPasswordResetAnswer']>;
  /** Chooses a new password with the token of the link, and ends all sessions. A repeat has no second effect. */
  resetPassword(body: Schemas['ResetPasswordBody'], options?: CallOptions): Promise<Schemas['Account']>;
  /** The account with a mail address; for `backoffice`. */
  lookUp(body: Schemas['LookUpAccountBody'], options?: CallOptions): Promise<Schemas['AccountRecord']>;
  /** An account, also one that is unverified or deleted; for `backoffice`. */
  get(id: string, options?: CallOptions): Promise<Schemas['AccountRecord']>;
  /** Everybody with a role, by mail address; for staff. */
  staff(query?: Schemas['ListStaffQuery'], options?: CallOptions): Listing<Schemas['AccountRecord']>;
  /** The public keys that verify access tokens. */
  keySet(options?: CallOptions): Promise<Schemas['ReadKeySetAnswer']>;
}

/** The calls of account-service. */
export function accountsOf(caller: Caller): Accounts {
  const open = { method: 'POST', effect: 'repeatable', isOpen: true } as const;
  return {
    async signUp(body, options) {
      return (await caller({ ...open, path: '/accounts', body }, options)) as Schemas['SignUpAnswer'];
    },
    async verify(body, options) {
      const answer = await caller({ ...open, path: '/accounts/verification', body }, options);
      return answer as Schemas['VerifyAccountAnswer'];
    },
    async requestPasswordReset(body, options) {
      const call = { method: 'POST', path: '/accounts/password-reset', body, effect: 'repeatable' } as const;
      return (await caller(call, options)) as Schemas['RequestPasswordResetAnswer'];
    },
    async resetPassword(body, options) {
      return (await caller({ method: 'PUT', path: '/accounts/password', body }, options)) as Schemas['Account'];
    },
    async lookUp(body, options) {
      const call = { method: 'POST', path: '/accounts/lookup', body, effect: 'none' } as const;
      return (await caller(call, options)) as Schemas['AccountRecord'];
    },
    async get(id, options) {
      return (await caller({ method: 'GET', path: pathTo`/accounts/${id}` }, options)) as Schemas['AccountRecord'];
    },
    staff: (query, options) => makeListing(caller, '/operations/accounts/staff', query, options),
    async keySet(options) {
      const answer = await caller({ method: 'GET', path: '/.well-known/jwks.json' }, options);
      return answer as Schemas['ReadKeySetAnswer'];
    },
  };
}
