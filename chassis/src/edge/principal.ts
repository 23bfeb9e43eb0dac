/**
 * Who is asking. The edge makes it, in callers.ts alone; routes, use cases, keys and timelines take it as it is.
 *
 * A place that treats kinds differently decides in a `switch` without a default, in a function whose type has no undefined:
 * then a new kind of principal does not compile until every such place has decided about it.
 */
export type Principal = Machine | Service;

/** A client of the gateway, known by its API key. */
export interface Machine {
  readonly kind: 'machine';
  /** The consumer's custom id. */
  readonly clientId: string;
  readonly groups: readonly string[];
}

/** Another service, known by the token that it has for this one. */
export interface Service {
  readonly kind: 'service';
  readonly name: string;
}

/** The scope of its keys and the owner of what it made, as `client_id` stores it. */
export function clientIdOf(principal: Principal): string {
  switch (principal.kind) {
    case 'machine':
      return principal.clientId;
    case 'service':
      return principal.name;
  }
}

/** Its name in timelines, ledgers and dead letters, as `actor` stores it. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case 'machine':
      return principal.clientId;
    case 'service':
      return principal.name;
  }
}
