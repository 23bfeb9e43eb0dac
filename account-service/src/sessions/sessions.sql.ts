import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { Audience } from '../signing-keys/signing-key.ts';
import type { Session, StoredToken } from './session.ts';

interface SessionRow {
  id: string;
  account_id: string;
  audience: Audience;
  expires_at: Date;
  ended_at: Date | null;
}

// For questions about a session that ended. Its tokens are refused as unknown ones are, so it need not be kept.
const ENDED_KEPT_DAYS = 1;

/** Why a session ended before its time. */
export type EndReason = 'signed-out' | 'signed-out-everywhere' | 'theft' | 'password-changed' | 'account-deleted';

/**
 * End all sessions of an account, or all but one. From the commit on no refresh token of them is taken; access tokens live until they
 * expire. Returns how many ended.
 */
export async function endSessions(
  trx: Transaction,
  accountId: string,
  { except, reason }: { except?: string; reason: EndReason },
): Promise<number> {
  // Locks in the order of ids, so that two of these do not deadlock. A refresh that runs has locked its row, and this waits for it.
  const { rowCount } = await trx.query(
    /* sql */ `
    WITH locked AS (
      SELECT id FROM session_families
      WHERE account_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2::uuid
      ORDER BY id FOR UPDATE
    )
    UPDATE session_families f SET ended_at = clock_timestamp(), end_reason = $3,
      expires_at = least(expires_at, clock_timestamp() + make_interval(days => $4))
    FROM locked WHERE f.id = locked.id`,
    [accountId, except ?? null, reason, ENDED_KEPT_DAYS],
  );
  return rowCount ?? 0;
}

/** End one session. It waits for a refresh that runs. Without effect on one that has ended. */
export async function endSession(q: Queryable, id: string, reason: EndReason): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE session_families SET ended_at = clock_timestamp(), end_reason = $2,
      expires_at = least(expires_at, clock_timestamp() + make_interval(days => $3))
    WHERE id = $1 AND ended_at IS NULL`,
    [id, reason, ENDED_KEPT_DAYS],
  );
}

/** Add a session. */
export async function insertSession(trx: Transaction, session: Session, now: Date): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO session_families (id, account_id, audience, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
    [session.id, session.accountId, session.audience, now, session.expiresAt],
  );
}

/** Add a refresh token: the first of its session, or the successor of `parent`. */
export async function insertToken(
  trx: Transaction,
  { hash, sessionId, parent }: { hash: Buffer; sessionId: string; parent?: Buffer },
  now: Date,
): Promise<void> {
  await trx.query('INSERT INTO sessions (token_hash, family_id, parent, created_at) VALUES ($1, $2, $3, $4)', [
    ...[hash, sessionId, parent ?? null, now],
  ]);
}

/** Note that a refresh token was used. */
export async function markTokenUsed(trx: Transaction, hash: Buffer, now: Date): Promise<void> {
  await trx.query('UPDATE sessions SET used_at = $2 WHERE token_hash = $1', [hash, now]);
}

/** The session of a refresh token, locked until the end of the transaction. */
export async function lockSessionOf(trx: Transaction, tokenHash: Buffer): Promise<Session | undefined> {
  const { rows } = await trx.query<SessionRow>(
    /* sql */ `
    SELECT id, account_id, audience, expires_at, ended_at FROM session_families
    WHERE id = (SELECT family_id FROM sessions WHERE token_hash = $1) FOR UPDATE`,
    [tokenHash],
  );
  return rows[0] && toSession(rows[0]);
}

/** A refresh token and its successor. Read it after its session was locked, because a refresh before may have changed it. */
export async function findToken(trx: Transaction, hash: Buffer): Promise<StoredToken | undefined> {
  const { rows } = await trx.query<{
    used_at: Date | null;
    successor: Buffer | null;
    successor_used_at: Date | null;
  }>(
    /* sql */ `
    SELECT t.used_at, s.token_hash AS successor, s.used_at AS successor_used_at
    FROM sessions t LEFT JOIN sessions s ON s.parent = t.token_hash WHERE t.token_hash = $1`,
    [hash],
  );
  const [row] = rows;
  if (!row) return undefined;
  const successor = row.successor ? { hash: row.successor, usedAt: row.successor_used_at ?? undefined } : undefined;
  return { usedAt: row.used_at ?? undefined, successor };
}

/** Remove a batch of the refresh tokens of sessions that are over. Returns how many. */
export async function removeTokensOfOverSessions(q: Queryable, now: Date, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM sessions WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM sessions WHERE family_id = ANY (ARRAY(
        SELECT id FROM session_families WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))
      LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [now, limit],
  );
  return rowCount ?? 0;
}

/** Remove a batch of the sessions that are over and have no tokens any more. Returns how many. */
export async function removeOverSessions(q: Queryable, now: Date, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM session_families WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM session_families f
      WHERE expires_at < $1 AND (SELECT t.family_id FROM sessions t WHERE t.family_id = f.id LIMIT 1) IS NULL
      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [now, limit],
  );
  return rowCount ?? 0;
}

function toSession(row: SessionRow): Session {
  const { id, account_id: accountId, audience, expires_at: expiresAt, ended_at: endedAt } = row;
  return { id, accountId, audience, expiresAt, endedAt: endedAt ?? undefined };
}
