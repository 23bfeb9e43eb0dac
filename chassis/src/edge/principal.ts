/**
 * The caller of a request. It is created only in callers.ts; routes, use cases, keys and timelines use it unchanged.
 *
 * Code that treats kinds differently uses a `switch` without a default in a function that never returns undefined, so that a new
 * kind does not compile until every such place handles it.
 */
export type Principal = Machine | Service;

/** An API client, identified by its API key. */
export interface Machine {
  readonly kind: 'machine';
  /** The custom id of the Kong consumer. */
  readonly clientId: string;
  readonly groups: readonly string[];
}

/** Another service, identified by its token. */
export interface Service {
  readonly kind: 'service';
  readonly name: string;
}

/** The scope of its idempotency keys and the owner of its resources, stored as `client_id`. */
export function clientIdOf(principal: Principal): string {
  switch (principal.kind) {
    case 'machine':
      return principal.clientId;
    case 'service':
      return principal.name;
  }
}

/** Its name in timelines, ledgers and dead letters, stored as `actor`. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case 'machine':
      return principal.clientId;
    case 'service':
      return principal.name;
  }
}
