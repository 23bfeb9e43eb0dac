import type { Caller, CallOptions } from './call.ts';
import type { BearerSession, Schemas, Session } from './types.ts';

/** Signing in and out, as the `caller` of the client. */
export interface Sessions {
  /** Opens a session: of a page in cookies, of an app (`bearer: true`) with its tokens in the answer. */
  signIn(body: Schemas['SignInBody'] & { bearer: true }, options?: CallOptions): Promise<BearerSession>;
  signIn(body: Schemas['SignInBody'], options?: CallOptions): Promise<Session>;
  /** The next pair of tokens. A page need not call it, as the client does when a token has ended. */
  refresh(body: { refreshToken: string }, options?: CallOptions): Promise<BearerSession>;
  refresh(options?: CallOptions): Promise<Session>;
  /** Ends this session; its access token stays valid until it ends by itself, minutes later. */
  signOut(options?: CallOptions): Promise<void>;
  /** Ends all sessions of the account, in the shop and in the console. */
  signOutEverywhere(options?: CallOptions): Promise<void>;
}

/** The calls about sessions. */
export function sessionsOf(caller: Caller): Sessions {
  const open = (path: string, body: object | undefined, options?: CallOptions) =>
    caller({ method: 'POST', path, body, effect: 'repeatable', isOpen: true }, options) as Promise<BearerSession>;
  const end = async (path: string, options?: CallOptions) => {
    await caller({ method: 'DELETE', path }, options);
  };
  return {
    signIn: (body: Schemas['SignInBody'], options?: CallOptions) => open('/sessions', body, options),
    refresh(first?: { refreshToken: string } | CallOptions, second?: CallOptions) {
      const path = '/sessions/refresh';
      return first && 'refreshToken' in first ? open(path, first, second) : open(path, undefined, first);
    },
    signOut: (options) => end('/sessions/current', options),
    signOutEverywhere: (options) => end('/sessions', options),
  };
}
