import type { Person } from '@shop/chassis/edge/principal.ts';
import { findSignIn, replaceCredential } from '../accounts/accounts.sql.ts';
import { invalidCredentials } from '../errors.ts';
import { isOutdated, type PasswordHasher } from '../passwords/password-hasher.ts';
import { provePassword } from '../passwords/prove-password.ts';
import { type OpenSession, type OpenSessionDeps, openSession } from './open-session.ts';

export interface SignInDeps extends OpenSessionDeps {
  hasher: PasswordHasher;
}

export interface SignIn {
  email: string;
  password: string;
  kind: Person['kind'];
  /** Of the caller. */
  address: string;
}

/**
 * Sign in with a mail address and a password. An unknown address, a wrong password and a missing role have one answer, and take the
 * same steps. All three are failures: otherwise their number would show which it was.
 */
export async function signIn(deps: SignInDeps, asked: SignIn, now: Date): Promise<OpenSession> {
  const opened = await deps.hasher.admit(() =>
    provePassword(deps.pool, asked, now, () => openIfRight(deps, asked, now)),
  );
  if (!opened) throw invalidCredentials();
  return opened;
}

async function openIfRight(
  deps: SignInDeps,
  { email, password, kind }: SignIn,
  now: Date,
): Promise<OpenSession | undefined> {
  const found = await findSignIn(deps.pool, email);
  const isRight = await deps.hasher.matches(password, found?.password);
  if (!found || !isRight) return undefined;
  const { account, password: stored } = found;
  const raised = isOutdated(stored) ? await deps.hasher.hash(password) : undefined;
  return openSession(deps, { accountId: account.id, password: stored }, kind, {
    now,
    alsoDo: async (trx) => {
      if (raised) await replaceCredential(trx, account.id, { from: stored, to: raised });
    },
  });
}
