import { accountOfActor } from '../stories/accounts.ts';
import { AccountLink } from './account-link.tsx';

/** A client or a service by its name, a person by the kind and the beginning of the account's id, which leads to the account. */
export function Actor({ actor }: { actor: string }) {
  const [kind, id] = actor.split(':');
  if (id === undefined) return actor;
  return (
    <AccountLink account={accountOfActor(actor)}>
      <span title={actor}>{`${kind} ${id.slice(0, 8)}…`}</span>
    </AccountLink>
  );
}
