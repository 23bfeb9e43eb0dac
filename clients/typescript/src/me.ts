import { type Caller, type CallOptions, pathTo, type WriteOptions } from './call.ts';
import { type Listing, makeListing } from './listing.ts';
import type { Schemas } from './types.ts';

type Account = Schemas['Account'];
type Address = Schemas['Address'];
type OwnOrder = Schemas['ListOwnOrdersAnswer']['items'][number];

/**
 * The account of the person who is signed in. A change names the `version` that it is based on: if there is a newer one, it is
 * refused with `stale-version`, and `current` is the present state.
 */
export interface Me {
  /** The account as it is now. */
  get(options?: CallOptions): Promise<Account>;
  /** Another name or language. */
  change(body: Schemas['ChangeOwnAccountBody'], version: number, options?: WriteOptions): Promise<Account>;
  /** Another password, which ends the other sessions. A repeat has no second effect. */
  changePassword(body: Schemas['ChangePasswordBody'], options?: CallOptions): Promise<Account>;
  /** Sends a link to another mail address. A repeat sends another mail, at most three an hour. */
  requestEmailChange(
    body: Schemas['RequestEmailChangeBody'],
    options?: CallOptions,
  ): Promise<Schemas['RequestEmailChangeAnswer']>;
  /** Confirms it with the token of the link. */
  confirmEmailChange(body: Schemas['ConfirmEmailChangeBody'], options?: WriteOptions): Promise<Account>;
  /** All that is known about the person. */
  export(options?: CallOptions): Promise<Schemas['ExportAccountAnswer']>;
  /** The end of the account. Nothing personal is left of it. */
  delete(version: number, options?: CallOptions): Promise<void>;
  /** The orders of the person, newest first. One that was placed a moment ago may still be missing. */
  orders(query?: Schemas['ListOwnOrdersQuery'], options?: CallOptions): Listing<OwnOrder>;
  /** The account, its last orders and recommendations. `degraded` names services whose part is missing. */
  dashboard(options?: CallOptions): Promise<Schemas['ReadDashboardAnswer']>;
  addresses: Addresses;
}

/** The addresses of the person who is signed in. */
export interface Addresses {
  /** All of them, oldest first. */
  list(options?: CallOptions): Promise<Address[]>;
  get(id: string, options?: CallOptions): Promise<Address>;
  /** One more, of twenty at most. */
  add(body: Schemas['CreateAddressBody'], options?: WriteOptions): Promise<Address>;
  /** Other members, all of them. */
  replace(id: string, body: Schemas['ReplaceAddressBody'], version: number, options?: CallOptions): Promise<Address>;
  delete(id: string, version: number, options?: CallOptions): Promise<void>;
}

/** The calls of a person about the own account. */
export function meOf(caller: Caller): Me {
  return {
    async get(options) {
      return (await caller({ method: 'GET', path: '/accounts/me' }, options)) as Account;
    },
    async change(body, version, options) {
      return (await caller({ method: 'PATCH', path: '/accounts/me', body, version }, options)) as Account;
    },
    async changePassword(body, options) {
      return (await caller({ method: 'PUT', path: '/accounts/me/password', body }, options)) as Account;
    },
    async requestEmailChange(body, options) {
      const answer = await caller({ method: 'PUT', path: '/accounts/me/email', body }, options);
      return answer as Schemas['RequestEmailChangeAnswer'];
    },
    async confirmEmailChange(body, options) {
      const path = '/accounts/me/email/confirmation';
      return (await caller({ method: 'POST', path, body }, options)) as Account;
    },
    async export(options) {
      const answer = await caller({ method: 'GET', path: '/accounts/me/export' }, options);
      return answer as Schemas['ExportAccountAnswer'];
    },
    async delete(version, options) {
      await caller({ method: 'DELETE', path: '/accounts/me', version }, options);
    },
    orders: (query, options) => makeListing(caller, '/accounts/me/orders', query, options),
    async dashboard(options) {
      const answer = await caller({ method: 'GET', path: '/accounts/me/dashboard' }, options);
      return answer as Schemas['ReadDashboardAnswer'];
    },
    addresses: addressesOf(caller),
  };
}

function addressesOf(caller: Caller): Addresses {
  const addresses = '/accounts/me/addresses';
  return {
    async list(options) {
      const { items } = (await caller({ method: 'GET', path: addresses }, options)) as Schemas['ListAddressesAnswer'];
      return items;
    },
    async get(id, options) {
      return (await caller({ method: 'GET', path: pathTo`/accounts/me/addresses/${id}` }, options)) as Address;
    },
    async add(body, options) {
      return (await caller({ method: 'POST', path: addresses, body }, options)) as Address;
    },
    async replace(id, body, version, options) {
      const path = pathTo`/accounts/me/addresses/${id}`;
      return (await caller({ method: 'PUT', path, body, version }, options)) as Address;
    },
    async delete(id, version, options) {
      await caller({ method: 'DELETE', path: pathTo`/accounts/me/addresses/${id}`, version }, options);
    },
  };
}
