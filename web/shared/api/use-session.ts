import { useSyncExternalStore } from 'react';
import { currentSession, onSession, type Session } from './session.ts';

/** Who is signed in, now and after each change. */
export function useSession(): Session {
  return useSyncExternalStore(onSession, currentSession);
}
