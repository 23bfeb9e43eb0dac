/**
 * The first phase of leased writes, for a set of requests: claim their keys and write their resources in one transaction. Keys
 * that were already taken are read by a second statement, because the snapshot of the first is too old to see them:
 *
 *   a stored response        replay it
 *   another fingerprint      422
 *   an active lease          409, or the own claim if its response was lost
 *   an expired lease         take it over, with the resource of the first request
 *   accepted, or no row      depends on the resource: it is undecided, or the row is past its retention
 */

import { retryingLostConnection } from '../batching/retrying-lost-connection.ts';
import type { Queryable } from '../postgres/connections.ts';
import { type Reply, unavailable } from '../refusal.ts';
import { keyReused, requestInProgress } from './key-results.ts';
import type { KeyedRequest } from './keyed-request.ts';
import { readKeys, type StoredKey, takeOver } from './keys.sql.ts';

/** A request that holds its key under a lease while it is processed. */
export interface LeasedRequest extends KeyedRequest {
  /** Deadline of the response, by `performance.now()`. */
  deadline: number;
}

/** The state of a request's key: claimed for it, already answered, or dependent on the state of the resource. */
export type KeyClaim<Resource> =
  | { kind: 'claimed'; resource: Resource; token: number; result: 'executed' | 'taken_over' }
  | { kind: 'answered'; reply: Reply }
  /** Without an id, the row is past its retention. */
  | { kind: 'left-to-resource'; resourceId: string | undefined };
export type ClaimResult<Resource> = PromiseSettledResult<KeyClaim<Resource>>;

export interface ClaimSteps<Request, Resource> {
  /** The id of the resource that a request creates if it is the first with its key. */
  idOf(request: Request): string;
  /**
   * Claim the keys and write the resources in one transaction. Returns the written resources; undefined if the key is taken.
   */
  write(requests: readonly Request[]): Promise<(Resource | undefined)[]>;
  /** Whether `write` failed because a resource already has the key, although the key's row is past its retention. */
  isKeptByResource(error: unknown): boolean;
  /** Find the resources of other requests, for takeovers. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Resource>>;
}

/** Claim the keys of these requests. Returns one result per request, in their order. */
export async function claimLeases<Request extends LeasedRequest, Resource>(
  q: Queryable,
  requests: readonly Request[],
  steps: ClaimSteps<Request, Resource>,
): Promise<ClaimResult<Resource>[]> {
  const written = await retryingLostConnection(requests, async (members) => {
    // Run one by one, each member may wait for a lock. Stop when no client is waiting any more.
    if (members.every(({ deadline }) => deadline <= performance.now())) throw unavailable();
    return steps.write(members);
  });
  const results = new Map<Request, ClaimResult<Resource>>();
  for (const [index, request] of requests.entries()) {
    const result = written[index];
    if (result?.status === 'rejected') {
      results.set(request, steps.isKeptByResource(result.reason) ? claim(LEFT) : result);
    } else if (result?.value !== undefined) results.set(request, claim(claimedFirst(result.value)));
  }
  const losers = requests.filter((request) => !results.has(request));
  for (const [request, result] of await claimLosers(q, losers, steps)) results.set(request, result);
  return requests.map((request) => results.get(request) ?? rejected(requestInProgress()));
}

/**
 * The time left until the request times out. 200 ms less, because a client that retries immediately must not arrive before the
 * statement with this value has run.
 */
export function answeredInMs({ deadline }: LeasedRequest): number {
  return Math.max(0, Math.floor(deadline - performance.now() - 200));
}

const LEFT = { kind: 'left-to-resource', resourceId: undefined } as const;

interface Loser<Request> {
  request: Request;
  stored: StoredKey;
  resourceId: string;
}

/** Requests whose key was taken over by another request meanwhile are absent from the result. */
async function claimLosers<Request extends LeasedRequest, Resource>(
  q: Queryable,
  losers: readonly Request[],
  steps: ClaimSteps<Request, Resource>,
): Promise<Map<Request, ClaimResult<Resource>>> {
  if (losers.length === 0) return new Map();
  const [found] = await Promise.allSettled([readKeys(q, losers)]);
  // A failed read affects only these requests: the others of the set hold leases and continue.
  if (found.status === 'rejected') return new Map(losers.map((request) => [request, found]));
  const results = new Map<Request, ClaimResult<Resource>>();
  const resumable: Loser<Request>[] = [];
  for (const [index, request] of losers.entries()) {
    const stored = found.value[index];
    const judged: ClaimResult<Resource> | 'resumable' = stored
      ? judgeByKey(request, stored, steps.idOf(request))
      : claim(LEFT);
    if (judged !== 'resumable') results.set(request, judged);
    else if (stored?.resourceId !== undefined) resumable.push({ request, stored, resourceId: stored.resourceId });
  }
  const [resumed] = await Promise.allSettled([resume(q, resumable, steps)]);
  for (const { request } of resumable) {
    const result = resumed.status === 'rejected' ? resumed : resumed.value.get(request);
    if (result) results.set(request, result);
  }
  return results;
}

/** The result for a taken key; `resumable` if the request may continue with the existing resource. */
function judgeByKey(request: KeyedRequest, stored: StoredKey, ownId: string): ClaimResult<never> | 'resumable' {
  const { reply, resourceId } = stored;
  if (!request.fingerprint.matches(stored.fingerprint)) return rejected(keyReused());
  if (reply) return claim({ kind: 'answered', reply });
  if (resourceId === undefined) return rejected(requestInProgress());
  if (stored.state === 'accepted') return claim({ kind: 'left-to-resource', resourceId });
  return isOwn(stored, ownId) || stored.isLeaseExpired ? 'resumable' : rejected(requestInProgress());
}

/** Whether the row is this request's own: the claim was committed, but the response to COMMIT was lost. */
function isOwn(stored: StoredKey, ownId: string): boolean {
  return stored.resourceId === ownId && stored.token === 1;
}

/**
 * Continue with own resources and with those of expired leases. Those taken over by another request are absent from the
 * result.
 */
async function resume<Request extends LeasedRequest, Resource>(
  q: Queryable,
  losers: readonly Loser<Request>[],
  steps: ClaimSteps<Request, Resource>,
): Promise<Map<Request, ClaimResult<Resource>>> {
  if (losers.length === 0) return new Map();
  // Read before the leases are taken, because a failed read would leave them behind.
  const resources = await steps.find(losers.map(({ resourceId }) => resourceId));
  const orphans = losers.filter(({ request, stored }) => !isOwn(stored, steps.idOf(request)));
  const tokens = await takeOver(
    q,
    orphans.map(({ request }) => ({
      clientId: request.clientId,
      key: request.key,
      answeredInMs: answeredInMs(request),
    })),
  );
  const resumed = new Map<Request, ClaimResult<Resource>>();
  for (const { request, stored, resourceId } of losers) {
    const resource = resources.get(resourceId);
    const token = tokens.get(resourceId);
    if (resource === undefined) resumed.set(request, rejected(new Error(`resource ${resourceId} of a key is missing`)));
    else if (isOwn(stored, steps.idOf(request))) resumed.set(request, claim(claimedFirst(resource)));
    else if (token !== undefined)
      resumed.set(request, claim({ kind: 'claimed', resource, token, result: 'taken_over' }));
  }
  return resumed;
}

function claimedFirst<Resource>(resource: Resource): KeyClaim<Resource> {
  return { kind: 'claimed', resource, token: 1, result: 'executed' };
}

function claim<Resource>(value: KeyClaim<Resource>): ClaimResult<Resource> {
  return { status: 'fulfilled', value };
}

function rejected(reason: unknown): PromiseRejectedResult {
  return { status: 'rejected', reason };
}
