import { useSyncExternalStore } from 'react';
import { currentSession, onSession, type Session } from './session.ts';

/** Who is signed in, now and after each change. */
export function useSession(): Session {
  return useSyncExternalStore(onSession, currentSession);
}

const none: readonly string[] = [];

/** The roles of the person who is signed in. */
export function useRoles(): readonly string[] {
  const session = useSession();
  return session.state === 'signed-in' ? session.person.roles : none;
}
