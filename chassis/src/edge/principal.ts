/**
 * The caller of a request. It is created only in callers.ts and people/; routes, use cases, keys and timelines use it unchanged.
 *
 * Code that treats kinds differently uses a `switch` without a default in a function that never returns undefined, so that a new
 * kind does not compile until every such place handles it.
 */
export type Principal = Machine | Shopper | Staff | Service;

/** An API client, identified by its API key. */
export interface Machine {
  readonly kind: 'machine';
  /** The custom id of the Kong consumer. */
  readonly clientId: string;
  readonly groups: readonly string[];
}

/** A person who is signed in, identified by an access token of account-service. */
export type Person = Shopper | Staff;

interface SignedIn {
  readonly accountId: string;
  readonly sessionId: string;
  /** When the access token ends. */
  readonly expiresAt: Date;
}

/** A person who buys. */
export interface Shopper extends SignedIn {
  readonly kind: 'shopper';
}

/** What a member of staff may do: what the group of this name may. */
export const roles = ['backoffice', 'operations'] as const;
export type Role = (typeof roles)[number];

/** A person who works for the shop. */
export interface Staff extends SignedIn {
  readonly kind: 'staff';
  readonly roles: readonly Role[];
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
    case 'shopper':
    case 'staff':
      return `${principal.kind}:${principal.accountId}`;
    case 'service':
      return principal.name;
  }
}

/** Client ids that no machine has: those of people, and the client of the shop's own orders. */
export function isReservedClientId(clientId: string): boolean {
  return clientId === WEB_CLIENT || clientId.startsWith('shopper:') || clientId.startsWith('staff:');
}

/** The client of the orders that shopping-service places for shoppers. */
export const WEB_CLIENT = 'web';

/** Its name in timelines, ledgers and dead letters, stored as `actor`. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case 'machine':
      return principal.clientId;
    case 'shopper':
    case 'staff':
      return `${principal.kind}:${principal.accountId}`;
    case 'service':
      return principal.name;
  }
}
