import { type Caller, type CallOptions, pathTo, type WriteOptions } from './call.ts';
import type { StreamEvent, Streamer, StreamOptions } from './events.ts';
import { type Listing, makeListing } from './listing.ts';
import type {
  DeadLetter,
  DeadLetterGroup,
  Reconciliation,
  ReconciliationRun,
  Schemas,
  WholeDeadLetter,
} from './types.ts';

/** A service, as it stands in the paths of its health and operations. */
export type ServicePath = 'orders' | 'inventory' | 'accounts' | 'notifications' | (string & {});

/** What those who run the system may do with one of its services. */
export interface Operations {
  /** Messages that could not be handled, newest first. */
  deadLetters(query?: Schemas['ListDeadLettersQuery'], options?: CallOptions): Listing<DeadLetter>;
  /** The open ones, counted by queue, type and reason. */
  deadLetterGroups(options?: CallOptions): Promise<DeadLetterGroup[]>;
  /** One of them, with its message. */
  deadLetter(id: string, options?: CallOptions): Promise<WholeDeadLetter>;
  /** Sends it to its queue again. */
  replay(id: string, options?: WriteOptions): Promise<DeadLetter>;
  /** Sets it aside for good. */
  discard(id: string, body: Schemas['DiscardDeadLetterBody'], options?: WriteOptions): Promise<DeadLetter>;
  /** Sends those of a group again, a bounded number of them at a time: `remaining` are still open. */
  replayGroup(
    body: Schemas['ReplayDeadLettersBody'],
    options?: WriteOptions,
  ): Promise<Schemas['ReplayDeadLettersAnswer']>;
  /** The last comparison of the books (notification-service has none), with a page of what differs. */
  reconciliation(query?: Schemas['ReadReconciliationQuery'], options?: CallOptions): Promise<Reconciliation>;
  /** Compares now; a run that takes long is given as it is, `running`. */
  reconcile(options?: WriteOptions): Promise<ReconciliationRun>;
  /**
   * What happens, from now on or after an `id`. It ends with the signal or the loop; a lost connection is made again and misses no change.
   */
  stream(options?: StreamOptions): AsyncIterable<StreamEvent>;
}

/** The operations of a service. */
export function operationsOf(caller: Caller, streamer: Streamer, service: ServicePath): Operations {
  const base = pathTo`/operations/${service}`;
  const letters = `${base}/dead-letters`;
  const get = (path: string, query?: object, options?: CallOptions) => caller({ method: 'GET', path, query }, options);
  const post = (path: string, body?: object, options?: WriteOptions) => caller({ method: 'POST', path, body }, options);
  return {
    deadLetters: (query, options) => makeListing(caller, letters, query, options),
    async deadLetterGroups(options) {
      const answer = await get(`${letters}/groups`, undefined, options);
      return (answer as Schemas['ListDeadLetterGroupsAnswer']).items;
    },
    async deadLetter(id, options) {
      return (await get(letters + pathTo`/${id}`, undefined, options)) as WholeDeadLetter;
    },
    async replay(id, options) {
      return (await post(letters + pathTo`/${id}/replay`, undefined, options)) as DeadLetter;
    },
    async discard(id, body, options) {
      return (await post(letters + pathTo`/${id}/discard`, body, options)) as DeadLetter;
    },
    async replayGroup(body, options) {
      return (await post(`${letters}/replays`, body, options)) as Schemas['ReplayDeadLettersAnswer'];
    },
    async reconciliation(query, options) {
      return (await get(`${base}/reconciliation`, query, options)) as Reconciliation;
    },
    async reconcile(options) {
      return (await post(`${base}/reconciliation`, undefined, options)) as ReconciliationRun;
    },
    stream: (options) => streamer(`${base}/stream`, options),
  };
}
