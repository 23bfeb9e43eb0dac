/**
 * Digests of the states of things that two services both have, so that they are compared without being sent. A thing has an id
 * (a UUID whose last byte is random), a version and a status. Its bucket is that last byte, and the digest of a bucket depends on
 * the id, version and status of each thing in it, and not on their order.
 */
import type { Connections, Queryable } from '../../base/db/pool.ts';

/** Number of buckets: one for each value of a byte. */
export const BUCKETS = 256;

export interface State {
  id: string;
  version: number;
  status: string;
}

/** Where the things are. */
export interface StateSource {
  /**
   * A statement that returns `id`, `version` and `status`, in the order of the ids: those after the id `$1`, at most `$2`. It is
   * executed for one page after the other, so it needs an index.
   */
  page: string;
  /** Prefix of the names of the prepared statements. */
  name: string;
}

/** The smallest id. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

// Ten milliseconds each, so that a page is far from every limit and a frozen process holds its snapshot only for a moment.
const PAGE = 5_000;

const BUCKET = 'get_byte(uuid_send(id), 15)';

/**
 * The digest of each bucket, all from one snapshot. A million things take some seconds of one processor, in small statements.
 * Both sides must compute the same from the same rows, whatever their versions of PostgreSQL, hence MD5.
 */
export async function readDigests(pool: Connections, { page, name }: StateSource, pageSize = PAGE): Promise<string[]> {
  const sums = new BigUint64Array(BUCKETS);
  const counts = new Array<number>(BUCKETS).fill(0);
  const client = await pool.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    for (let after: string | undefined = BEFORE_ALL; after !== undefined; ) {
      const { rows }: { rows: DigestRow[] } = await client.query<DigestRow>({
        name: `${name}-digests`,
        text: /* sql */ `
          WITH page AS MATERIALIZED (${page})
          SELECT ${BUCKET} AS bucket, count(*)::integer AS count, max(id::text) AS last,
            sum(('x' || substr(md5(id::text || ' ' || version::text || ' ' || status), 1, 16))::bit(64)::bigint)::text AS sum
          FROM page GROUP BY 1`,
        values: [after, pageSize],
      });
      let found = 0;
      for (const { bucket, count, sum } of rows) {
        found += count;
        counts[bucket] = (counts[bucket] ?? 0) + count;
        sums[bucket] = (sums[bucket] ?? 0n) + BigInt.asUintN(64, BigInt(sum));
      }
      after = found < pageSize ? undefined : lastOf(rows);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
  return counts.map((count, bucket) => `${count}-${(sums[bucket] ?? 0n).toString(16).padStart(16, '0')}`);
}

interface DigestRow {
  bucket: number;
  count: number;
  last: string;
  sum: string;
}

function lastOf(rows: readonly DigestRow[]): string | undefined {
  return rows.map(({ last }) => last).sort()[rows.length - 1];
}

/** A page of the states in these buckets, in the order of their ids, and where the next one begins. */
export async function readStates(
  q: Queryable,
  { page, name }: StateSource,
  { buckets, after = BEFORE_ALL }: { buckets: readonly number[]; after?: string },
  pageSize = PAGE,
): Promise<{ items: State[]; next?: string }> {
  const { rows } = await q.query<State & { found: number; last: string }>({
    name: `${name}-states`,
    text: /* sql */ `
      WITH page AS MATERIALIZED (${page}),
      whole AS (SELECT count(*)::integer AS found, max(id::text) AS last FROM page)
      SELECT p.id, p.version, p.status, w.found, w.last
      FROM whole w LEFT JOIN page p ON ${BUCKET} = ANY ($3::integer[])
      ORDER BY p.id`,
    values: [after, pageSize, buckets],
  });
  const items = rows.flatMap(({ id, version, status }) => (id ? [{ id, version, status }] : []));
  const [row] = rows;
  return row && row.found === pageSize ? { items, next: row.last } : { items };
}
