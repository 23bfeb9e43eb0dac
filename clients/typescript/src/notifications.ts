import { type Caller, type CallOptions, pathTo } from './call.ts';
import { type Listing, makeListing } from './listing.ts';
import type { Notification, Schemas, WholeNotification } from './types.ts';

/** What was sent to people; for API keys of the groups `backoffice` and `operations`, and staff with these roles. */
export interface Notifications {
  /** Newest first. `state: 'unknown'` are those that may or may not have been sent. */
  list(query?: Schemas['ListNotificationsQuery'], options?: CallOptions): Listing<Notification>;
  /** One of them, with its attempts. */
  get(id: string, options?: CallOptions): Promise<WholeNotification>;
}

/** The calls of notification-service. */
export function notificationsOf(caller: Caller): Notifications {
  return {
    list: (query, options) => makeListing(caller, '/notifications', query, options),
    async get(id, options) {
      return (await caller({ method: 'GET', path: pathTo`/notifications/${id}` }, options)) as WholeNotification;
    },
  };
}
