import { type Person, roles } from '../principal.ts';

type Group = 'storefront' | 'backoffice' | 'operations';

/** Who may call an operation; anyone, without a key or a token, if neither member names a caller. */
export interface Callers {
  /** Groups whose keys may call it. Staff with a role of the same name may call it too. */
  groups: readonly Group[];
  /** People who may call it, whatever their roles. */
  people?: readonly Person['kind'][];
  /**
   * Anyone may call it, and it makes a session of the kind that `X-Caller` says. An access token that comes with it is not read,
   * because it may have expired.
   */
  signsIn?: 'x-caller-required' | 'x-caller-optional';
}

/** An operation, as far as identifying its callers needs it. */
export interface CalledOperation extends Callers {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for each path parameter. */
  path: string;
}

/** The kinds of people that may call it. */
export function peopleOf({ groups, people = [] }: Callers): readonly Person['kind'][] {
  const kinds = [...people, ...(roles.some((role) => groups.includes(role)) ? ['staff' as const] : [])];
  return [...new Set(kinds)];
}
