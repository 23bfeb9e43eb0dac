/**
 * The first phase of writes that hold their keys under leases, for a set of requests: each claims its key and writes its
 * resource in one transaction. What became of the keys that were taken is looked up by a statement of its own, because the
 * snapshot of the claim is too old:
 *
 *   a stored answer             replayed
 *   another fingerprint         422
 *   a lease that goes on        409, or the claim itself if its answer was lost
 *   a lease that has expired    taken over, with the resource of the first request
 *   accepted, or no row         left to the resource: it is undecided, or the row is past its retention
 */

import { retryingLostConnection } from '../batching/retrying-lost-connection.ts';
import type { Queryable } from '../postgres/connections.ts';
import { type Reply, unavailable } from '../refusal.ts';
import { keyReused, requestInProgress } from './key-results.ts';
import type { KeyedRequest } from './keyed-request.ts';
import { readKeys, type StoredKey, takeOver } from './keys.sql.ts';

/** A request that holds its key under a lease while it is worked on. */
export interface LeasedRequest extends KeyedRequest {
  /** Time of `performance.now()` by which the client must have its answer. */
  deadline: number;
}

/** What a key says of a request: it is claimed for it, it has an answer already, or its resource has to answer. */
export type KeyClaim<Resource> =
  | { kind: 'claimed'; resource: Resource; token: number; result: 'executed' | 'taken_over' }
  | { kind: 'answered'; reply: Reply }
  /** Without an id: the row is past its retention. */
  | { kind: 'left-to-resource'; resourceId: string | undefined };
export type ClaimResult<Resource> = PromiseSettledResult<KeyClaim<Resource>>;

export interface ClaimSteps<Request, Resource> {
  /** The id of the resource that a request makes, if it is the first with its key. */
  idOf(request: Request): string;
  /** Claim the keys and write the resources, in one transaction: the resource as written, or undefined: the key is taken. */
  write(requests: readonly Request[]): Promise<(Resource | undefined)[]>;
  /** Whether `write` was refused because a resource has the key, whose row is past its retention. */
  isKeptByResource(error: unknown): boolean;
  /** The resources of other requests, for takeovers. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Resource>>;
}

/** Claim the keys of these requests; one result for each, in their order. */
export async function claimLeases<Request extends LeasedRequest, Resource>(
  q: Queryable,
  requests: readonly Request[],
  steps: ClaimSteps<Request, Resource>,
): Promise<ClaimResult<Resource>[]> {
  const written = await retryingLostConnection(requests, async (members) => {
    // One by one, each may wait for a lock; a set must not go on with that when no client waits for an answer any more.
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
 * The time that is left until a request is answered by its time limit. A little less, because a client that repeats it at once
 * must not be quicker than the statement is on its way.
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

/** Those are absent whose key another request took over meanwhile. */
async function claimLosers<Request extends LeasedRequest, Resource>(
  q: Queryable,
  losers: readonly Request[],
  steps: ClaimSteps<Request, Resource>,
): Promise<Map<Request, ClaimResult<Resource>>> {
  if (losers.length === 0) return new Map();
  const [found] = await Promise.allSettled([readKeys(q, losers)]);
  // A look that fails is theirs alone: the winners of the set hold leases, and go on.
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

/** What the row of a taken key says; `resumable`: the request may go on with the resource that is there. */
function judgeByKey(request: KeyedRequest, stored: StoredKey, ownId: string): ClaimResult<never> | 'resumable' {
  const { reply, resourceId } = stored;
  if (!request.fingerprint.matches(stored.fingerprint)) return rejected(keyReused());
  if (reply) return claim({ kind: 'answered', reply });
  if (resourceId === undefined) return rejected(requestInProgress());
  if (stored.state === 'accepted') return claim({ kind: 'left-to-resource', resourceId });
  return isOwn(stored, ownId) || stored.isLeaseExpired ? 'resumable' : rejected(requestInProgress());
}

/** Our own row: the claim was committed although its answer was lost. */
function isOwn(stored: StoredKey, ownId: string): boolean {
  return stored.resourceId === ownId && stored.token === 1;
}

/** Go on with resources that are ours, or whose process has died; absent are those that another request has taken over. */
async function resume<Request extends LeasedRequest, Resource>(
  q: Queryable,
  losers: readonly Loser<Request>[],
  steps: ClaimSteps<Request, Resource>,
): Promise<Map<Request, ClaimResult<Resource>>> {
  if (losers.length === 0) return new Map();
  // Before the leases are taken, which a look that fails would leave behind.
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
