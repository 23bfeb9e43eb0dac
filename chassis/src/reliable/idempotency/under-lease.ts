/**
 * A write that calls another system between two transactions, done once per key. The key is held under a lease meanwhile:
 *
 *   begin    claims the key and writes the resource, in one transaction: from here on nothing is lost
 *   call     the other system, outside of any transaction and idempotent by the resource's id
 *   settle   writes what the call brought and the key's answer, in one transaction, while the lease is ours
 *
 * If the outcome of the call is unknown, the answer is 202 and the completer of the service asks again; it finds its
 * resources by a column of their own, because a process that dies leaves nothing else. A repeat meanwhile gets 409 while the
 * lease goes on, 202 when the first request was answered so, and otherwise takes the key over, with the same resource.
 * Whoever was overtaken has no effect (the lease's token fences it off) and gives the answer that was stored.
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
import { acceptLease, claimLease, completeKey, giveBackLeases, type Lease, lockKey, readKeys } from './keys.sql.ts';

/** What a service says of the call that stands between the two transactions. */
export interface LeasedCall<Resource, Outcome> {
  find(q: Queryable, id: string): Promise<Resource | undefined>;
  /** Undefined: nobody knows what the other system did. It may be called again, by the completer or a repeat. */
  call(resource: Resource): Promise<Outcome | undefined>;
  /** Write the outcome; the reply becomes the key's answer. It has its effect once for a resource. */
  settle(trx: Transaction, resource: Resource, outcome: Outcome): Promise<Reply>;
  /** 202: the resource is durable, its outcome unknown. */
  accepted(resource: Resource): Reply;
}

/** A call, and the request that begins it. */
export interface LeasedWrite<Resource, Outcome> extends LeasedCall<Resource, Outcome> {
  /**
   * Write the resource under this id, with the time from which the completer asks for it. A reply instead is final and is
   * stored: a refusal that needs no call, say.
   */
  begin(trx: Transaction, id: string): Promise<{ resource: Resource } | { reply: Reply }>;
}

export interface LeasedReply {
  reply: Reply;
  result: KeyResult;
}

/** Begin, call and settle once for this key, or give the answer that it has. */
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

/** For the completer of a service: call again for a resource and settle it. False: the outcome is still unknown. */
export async function completeLeased<Resource, Outcome>(
  pool: Connections,
  name: KeyName & { resourceId: string },
  steps: LeasedCall<Resource, Outcome>,
): Promise<boolean> {
  const resource = await findOrThrow(pool, name.resourceId, steps);
  const outcome = await steps.call(resource);
  if (outcome === undefined) return false;
  await settle(pool, name, (trx) => steps.settle(trx, resource, outcome));
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
  return { reply: await callAndSettle(pool, lease, begun.resource, write), result };
}

/** Undefined: the key is taken. */
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

async function callAndSettle<Resource, Outcome>(
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
      const reply = await settle(pool, lease, (trx) => steps.settle(trx, resource, outcome));
      if (reply) return reply;
    }
    // Overtaken, or this is the second run and the first had its effect: the key says what the answer is.
    const [stored] = await readKeys(pool, [lease]);
    return stored?.reply ?? steps.accepted(resource);
  } catch (error) {
    // So that a repeat need not wait until it expires; if that fails too, it does.
    await giveBackLeases(pool, [lease]).catch(() => {});
    throw error;
  }
}

/** Undefined: the key is completed, or its lease is no longer this one. */
async function settle(
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
