/**
 * A write that is one transaction, done once per key: the key's row, the effect, the outbox rows and the stored answer
 * commit together. A twin waits for the first one's transaction (up to the pool's lock_timeout) and replays its answer.
 *
 * A returned reply is final, a refusal included, and is stored; whatever is thrown rolls the key back too, so that a
 * repeat is judged afresh.
 */

import type { Connections, Queryable, Transaction } from '../postgres/connections.ts';
import { inTransaction, sqlState } from '../postgres/transaction.ts';
import { RETRY_AFTER_SECONDS, RefusedError, type Reply } from '../refusal.ts';
import type { Metrics } from '../telemetry.ts';
import type { KeyedRequest, KeyName } from './keyed-request.ts';
import type { ReplayCounter } from './replay-counter.ts';

const LOCK_NOT_AVAILABLE = '55P03';

export interface IdempotencyDeps {
  pool: Connections;
  metrics: Metrics;
  replays: ReplayCounter;
  /** The fingerprint of what this key was used for so long ago that its row is gone, where its effect still knows. */
  findKeptFingerprint: (trx: Transaction, request: KeyedRequest) => Promise<Buffer | undefined>;
}

export interface KeyedReply {
  reply: Reply;
  replayed: boolean;
}

/** Run `work` once for this key, or give the stored answer. */
export async function idempotently(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  work: (trx: Transaction) => Promise<Reply>,
): Promise<KeyedReply> {
  const result = await inTransaction(deps.pool, async (trx): Promise<KeyedReply> => {
    if (!(await claimKey(trx, request))) return { reply: await storedReply(trx, request), replayed: true };
    const kept = await deps.findKeptFingerprint(trx, request);
    if (kept && !request.fingerprint.matches(kept)) throw keyReused();
    const reply = await work(trx);
    await completeKey(trx, request, reply);
    return { reply, replayed: false };
  }).catch((error: unknown) => {
    if (error instanceof RefusedError) countRefusal(deps.metrics, error);
    throw error;
  });
  deps.metrics.idempotencyRequests.of(result.replayed ? 'replayed' : 'executed').inc();
  if (result.replayed) deps.replays.count(request);
  return result;
}

async function claimKey(trx: Transaction, request: KeyedRequest): Promise<boolean> {
  try {
    const { rowCount } = await trx.query(
      /* sql */ `
      INSERT INTO idempotency_keys (client_id, key, fingerprint, state)
      VALUES ($1, $2, $3, 'running')
      ON CONFLICT DO NOTHING`,
      [request.clientId, request.key, request.fingerprint.bytes],
    );
    return rowCount === 1;
  } catch (error) {
    if (sqlState(error) === LOCK_NOT_AVAILABLE) throw requestInProgress();
    throw error;
  }
}

/** The answer of whoever was first. It runs after the INSERT lost, so its snapshot sees the winner's row. */
async function storedReply(trx: Transaction, request: KeyedRequest): Promise<Reply> {
  const { rows } = await trx.query<StoredKeyRow>(
    'SELECT fingerprint, state, status, location, body FROM idempotency_keys WHERE client_id = $1 AND key = $2',
    [request.clientId, request.key],
  );
  const row = rows[0];
  // The row may have passed its retention between the two statements, or belong to an order that is still running.
  if (!row) throw requestInProgress();
  if (!request.fingerprint.matches(row.fingerprint)) throw keyReused();
  return toStoredReply(row) ?? Promise.reject(requestInProgress());
}

export interface StoredKeyRow {
  fingerprint: Buffer;
  state: 'running' | 'accepted' | 'completed';
  status: number | null;
  location: string | null;
  body: string | null;
}

/** The stored answer of a completed key; undefined while there is none. */
export function toStoredReply(row: StoredKeyRow): Reply | undefined {
  if (row.state !== 'completed' || row.status === null || row.body === null) return undefined;
  return { status: row.status, body: row.body, location: row.location ?? undefined };
}

async function completeKey(trx: Transaction, request: KeyedRequest, reply: Reply): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE idempotency_keys SET state = 'completed', status = $3, location = $4, body = $5
    WHERE client_id = $1 AND key = $2`,
    [request.clientId, request.key, reply.status, reply.location ?? null, reply.body],
  );
}

/** Put the final answer in the place of a 202, for work that outlives the transaction which began it. */
export async function replaceAccepted(pool: Queryable, { clientId, key }: KeyName, reply: Reply): Promise<void> {
  await pool.query(
    /* sql */ `
    UPDATE idempotency_keys SET status = $3, location = $4, body = $5
    WHERE client_id = $1 AND key = $2 AND state = 'completed' AND status = 202`,
    [clientId, key, reply.status, reply.location ?? null, reply.body],
  );
}

/** 409: the first request with this key has not been answered. */
export function requestInProgress(): RefusedError {
  return new RefusedError(
    {
      code: 'request-in-progress',
      detail: 'The first request with this Idempotency-Key has not been answered yet.',
    },
    RETRY_AFTER_SECONDS,
  );
}

/** 422: nothing of the first request is shown, for the second may come from somebody who guessed the key. */
export function keyReused(): RefusedError {
  return new RefusedError({
    code: 'idempotency-key-reused',
    detail: 'Use a new Idempotency-Key for a new request.',
  });
}

/** Count a request that was refused because of its key. */
export function countRefusal(metrics: Metrics, refused: RefusedError): void {
  const { code } = refused.refusal;
  if (code === 'request-in-progress') metrics.idempotencyRequests.of('in_progress').inc();
  if (code === 'idempotency-key-reused') metrics.idempotencyRequests.of('reused').inc();
}
