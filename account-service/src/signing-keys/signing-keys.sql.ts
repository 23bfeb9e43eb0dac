import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { type Audience, PUBLISHED_AFTER_SECONDS, PUBLISHED_BEFORE_SECONDS, type SigningKey } from './signing-key.ts';

interface SigningKeyRow {
  kid: string;
  audience: Audience;
  public_key: Buffer;
  created_at: Date;
  signs_from: Date;
  signs_until: Date | null;
  state: SigningKey['state'];
}

/** A key that was just made. */
export interface NewSigningKey {
  kid: string;
  audience: Audience;
  publicKey: Buffer;
  /** Encrypted. */
  privateKey: Buffer;
}

/** A key that signs, with its private half encrypted. */
export interface SigningKeyNow extends Omit<NewSigningKey, 'audience'> {
  /** For how long it signs, if that is decided. */
  remainingMs: number | undefined;
  /** What the clock of the database showed. */
  databaseTime: Date;
}

/** The keys that verifiers may need, oldest first. */
export async function findPublishedKeys(q: Queryable): Promise<SigningKey[]> {
  const { rows } = await q.query<SigningKeyRow>(
    /* sql */ `
    SELECT kid, audience, public_key, created_at, signs_from, signs_until,
      CASE WHEN clock_timestamp() < signs_from THEN 'waiting' WHEN clock_timestamp() < signs_until THEN 'signing'
        WHEN signs_until IS NULL THEN 'signing' ELSE 'retired' END AS state
    FROM signing_keys
    WHERE signs_until IS NULL OR signs_until > clock_timestamp() - make_interval(secs => $1)
    ORDER BY created_at, kid`,
    [PUBLISHED_AFTER_SECONDS],
  );
  return rows.map(toSigningKey);
}

/**
 * Keep other processes from making keys until the end of the transaction. Signing and publishing go on. A transaction that
 * waited here must take its times from clock_timestamp(), because now() is the time at which it began.
 */
export async function lockKeys(trx: Transaction): Promise<void> {
  await trx.query('LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE');
}

/** End the newest key of an audience: it signs until its successor does. Returns that time; undefined if there was no key. */
export async function endNewestKey(trx: Transaction, audience: Audience): Promise<Date | undefined> {
  // In milliseconds, which is all that a Date carries: between the two keys there must be no moment.
  const { rows } = await trx.query<{ signs_until: Date }>(
    /* sql */ `
    UPDATE signing_keys SET signs_until =
      date_trunc('milliseconds', greatest(clock_timestamp(), signs_from)) + make_interval(secs => $2)
    WHERE audience = $1 AND signs_until IS NULL
    RETURNING signs_until`,
    [audience, PUBLISHED_BEFORE_SECONDS],
  );
  return rows[0]?.signs_until;
}

/** Add the newest key of an audience, which signs from `signsFrom` or, without a predecessor, at once. */
export async function insertKey(trx: Transaction, key: NewSigningKey, signsFrom: Date | undefined): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO signing_keys (kid, audience, public_key, private_key, signs_from)
    VALUES ($1, $2, $3, $4, coalesce($5, clock_timestamp()))`,
    [key.kid, key.audience, key.publicKey, key.privateKey, signsFrom ?? null],
  );
}

/** The key that signs now for an audience, its private half encrypted. */
export async function findSigningKey(q: Queryable, audience: Audience): Promise<SigningKeyNow | undefined> {
  const { rows } = await q.query<{
    kid: string;
    public_key: Buffer;
    private_key: Buffer;
    remaining_ms: number | null;
    now: Date;
  }>(
    /* sql */ `
    SELECT kid, public_key, private_key,
      (1000 * extract(epoch FROM signs_until - clock_timestamp()))::float8 AS remaining_ms,
      clock_timestamp() AS now
    FROM signing_keys
    WHERE audience = $1 AND signs_from <= clock_timestamp() AND (signs_until IS NULL OR signs_until > clock_timestamp())
    ORDER BY signs_from LIMIT 1`,
    [audience],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { kid, public_key: publicKey, private_key: privateKey, remaining_ms: remaining, now } = row;
  return { kid, publicKey, privateKey, remainingMs: remaining ?? undefined, databaseTime: now };
}

/** Remove the keys that are not published any more. */
export async function removeRetiredKeys(q: Queryable): Promise<number> {
  const { rowCount } = await q.query(
    'DELETE FROM signing_keys WHERE signs_until <= clock_timestamp() - make_interval(secs => $1)',
    [PUBLISHED_AFTER_SECONDS],
  );
  return rowCount ?? 0;
}

function toSigningKey(row: SigningKeyRow): SigningKey {
  return {
    kid: row.kid,
    audience: row.audience,
    publicKey: row.public_key,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    signsUntil: row.signs_until ?? undefined,
    state: row.state,
  };
}
