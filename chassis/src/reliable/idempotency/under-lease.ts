/**
 * A write that calls another system between two transactions, executed once per key. The key is held under a lease meanwhile:
 *
 *   begin    claims the key and writes the resource in one transaction: from then on nothing is lost
 *   call     calls the other system, outside of any transaction; idempotent by the resource's id
 *   complete writes the outcome of the call and the key's response in one transaction, if the lease is still held
 *
 * If the outcome of the call is unknown, the response is 202, and the completer of the service repeats the call. It finds the
 * resources by a column of their own, because a crashed process leaves nothing else. A retry meanwhile gets 409 during the
 * lease, 202 if the first request got it, and otherwise takes over the key with the same resource. A request whose key was taken
 * over has no effect (its fencing token is stale) and returns the stored response.
 */
import { randomUUIDv7 } from 'node:crypto';
import { retryingLostConnection } from '../batching/retrying-lost-connection.ts';
import type { Connections, Queryable, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Reply } from '../refusal.ts';
import { answeredInMs, claimLeases, type LeasedRequest } from './claim-leases.ts';
import type { IdempotencyDeps } from './idempotently.ts';
import { countingResult, type KeyResult, keyReused, requestInProgress } from './key-results.ts';
import type { KeyName } from './keyed-request.ts';
import { acceptLease, claimLease, completeKey, type Lease, lockKey, readKeys, releaseLeases } from './keys.sql.ts';

/** The call between the two transactions. */
export interface LeasedCall<Resource, Outcome> {
  find(q: Queryable, id: string): Promise<Resource | undefined>;
  /** Returns undefined if the outcome is unknown. It may be called again, by the completer or by a retry. */
  call(resource: Resource): Promise<Outcome | undefined>;
  /** Write the outcome; the reply becomes the key's response. Commits once per resource. */
  complete(trx: Transaction, resource: Resource, outcome: Outcome): Promise<Reply>;
  /** The 202 response: the resource is durable, its outcome unknown. */
  accepted(resource: Resource): Reply;
}

/** A call, and the write before it. */
export interface LeasedWrite<Resource, Outcome> extends LeasedCall<Resource, Outcome> {
  /**
   * Write the resource with this id, and the time from which the completer handles it. If a reply is returned instead, it is
   * final and stored: for example, a refusal that needs no call.
   */
  begin(trx: Transaction, id: string): Promise<{ resource: Resource } | { reply: Reply }>;
}

export interface LeasedReply {
  reply: Reply;
  result: KeyResult;
}

/** Begin, call and complete once for this key, or return its stored response. */
export async function underLease<Resource, Outcome>(
  deps: IdempotencyDeps,
  request: LeasedRequest,
  write: LeasedWrite<Resource, Outcome>,
): Promise<LeasedReply> {
  return countingResult(
    deps,
    request,
    () => once(deps, request, write),
    ({ result }) => result,
  );
}

/** For the completer of a service: repeat the call for a resource and complete it. False if the outcome is still unknown. */
export async function completeLeased<Resource, Outcome>(
  pool: Connections,
  name: KeyName & { resourceId: string },
  steps: LeasedCall<Resource, Outcome>,
): Promise<boolean> {
  const resource = await findOrThrow(pool, name.resourceId, steps);
  const outcome = await steps.call(resource);
  if (outcome === undefined) return false;
  await complete(pool, name, (trx) => steps.complete(trx, resource, outcome));
  return true;
}

type Begun<Resource> = { id: string; resource: Resource } | { reply: Reply };

async function once<Resource, Outcome>(
  deps: IdempotencyDeps,
  request: LeasedRequest,
  write: LeasedWrite<Resource, Outcome>,
): Promise<LeasedReply> {
  const { pool } = deps;
  const ownId = randomUUIDv7();
  const [claim] = await claimLeases<LeasedRequest, Begun<Resource>>(pool, [request], {
    idOf: () => ownId,
    write: async () => [await begin(deps, request, ownId, write)],
    isKeptByResource: () => false,
    find: async ([id = '']) => new Map([[id, { id, resource: await findOrThrow(pool, id, write) }]]),
  });
  if (claim?.status !== 'fulfilled') throw claim?.reason;
  const { value } = claim;
  if (value.kind === 'answered') return { reply: value.reply, result: 'replayed' };
  if (value.kind === 'left-to-resource') {
    if (value.resourceId === undefined) throw requestInProgress();
    return { reply: write.accepted(await findOrThrow(pool, value.resourceId, write)), result: 'in_progress' };
  }
  const { resource: begun, token, result } = value;
  if ('reply' in begun) return { reply: begun.reply, result };
  const lease = { clientId: request.clientId, key: request.key, resourceId: begun.id, token };
  return { reply: await callAndComplete(pool, lease, begun.resource, write), result };
}

/** Undefined if the key is taken. */
async function begin<Resource>(
  { pool, findKeptFingerprint }: IdempotencyDeps,
  request: LeasedRequest,
  id: string,
  write: Pick<LeasedWrite<Resource, never>, 'begin'>,
): Promise<Begun<Resource> | undefined> {
  return inTransaction(pool, async (trx) => {
    const lease = { resourceId: id, answeredInMs: answeredInMs(request) };
    if (!(await claimLease(trx, request, lease))) return undefined;
    const kept = await findKeptFingerprint(trx, request);
    if (kept && !request.fingerprint.matches(kept)) throw keyReused();
    const begun = await write.begin(trx, id);
    if ('reply' in begun) await completeKey(trx, request, begun.reply);
    return { id, ...begun };
  });
}

async function callAndComplete<Resource, Outcome>(
  pool: Connections,
  lease: Lease,
  resource: Resource,
  steps: LeasedCall<Resource, Outcome>,
): Promise<Reply> {
  try {
    const outcome = await steps.call(resource);
    if (outcome === undefined) {
      if (await acceptLease(pool, lease)) return steps.accepted(resource);
    } else {
      const reply = await complete(pool, lease, (trx) => steps.complete(trx, resource, outcome));
      if (reply) return reply;
    }
    // The key was taken over, or this is a second run after the first committed: the response is stored with the key.
    const [stored] = await readKeys(pool, [lease]);
    return stored?.reply ?? steps.accepted(resource);
  } catch (error) {
    // So that a retry need not wait until the lease expires. If this fails too, it has to.
    await releaseLeases(pool, [lease]).catch(() => {});
    throw error;
  }
}

/** Undefined if the key is already completed, or if the lease is no longer held. */
async function complete(
  pool: Connections,
  lease: Parameters<typeof lockKey>[1],
  write: (trx: Transaction) => Promise<Reply>,
): Promise<Reply | undefined> {
  const [result] = await retryingLostConnection([lease], async () => {
    const reply = await inTransaction(pool, async (trx) => {
      if (!(await lockKey(trx, lease))) return undefined;
      const written = await write(trx);
      await completeKey(trx, lease, written);
      return written;
    });
    return [reply];
  });
  if (result?.status !== 'fulfilled') throw result?.reason;
  return result.value;
}

async function findOrThrow<Resource>(
  q: Queryable,
  id: string,
  { find }: Pick<LeasedCall<Resource, never>, 'find'>,
): Promise<Resource> {
  const resource = await find(q, id);
  if (resource === undefined) throw new Error(`resource ${id} of a key is missing`);
  return resource;
}
