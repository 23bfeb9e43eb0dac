import type { Caller, CallOptions } from './call.ts';
import type { Schemas } from './types.ts';

/** Sign-up, which anyone may call. */
export interface Accounts {
  /** Signs up with a mail address: its mailbox gets a link. A repeat sends another mail, at most three an hour. */
  signUp(body: Schemas['SignUpBody'], options?: CallOptions): Promise<Schemas['SignUpAnswer']>;
  /** Chooses name and password with the token of the link. A repeat has no second effect. */
  verify(body: Schemas['VerifyAccountBody'], options?: CallOptions): Promise<Schemas['VerifyAccountAnswer']>;
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
    async keySet(options) {
      const answer = await caller({ method: 'GET', path: '/.well-known/jwks.json' }, options);
      return answer as Schemas['ReadKeySetAnswer'];
    },
  };
}
