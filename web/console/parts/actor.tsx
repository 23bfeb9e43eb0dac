/** A client or a service by its name, a person by the kind and the beginning of the account's id. */
export function Actor({ actor }: { actor: string }) {
  const [kind, id] = actor.split(':');
  return id === undefined ? actor : <span title={actor}>{`${kind} ${id.slice(0, 8)}…`}</span>;
}
