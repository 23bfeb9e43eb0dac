import { randomBytes } from 'node:crypto';
import type { Connections, Queryable, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Position } from './position.ts';

/** A feed: its tables (feed-table.ts), and what a reader gets of a change. */
export interface FeedDefinition<Change> {
  /** The log's table. */
  name: string;
  /** The columns of a change that the service has defined. */
  columns: readonly string[];
  /** What is read of a change in the log `c`, as SQL. The rows have the members of `Change`. */
  select: string;
  /** Never called; it carries the type. */
  readonly change?: Change;
}

/** A change with its number in the log. */
export type Numbered<Change> = Change & { readonly position: number };

/** What a sequencer and a reader must know at the beginning of a round. */
export interface FeedStatus {
  epoch: string;
  /** Whether the epoch began in this database, and not in one of which this is a copy. */
  isCurrent: boolean;
  /** The last number that was given out. */
  head: number;
  /** Age of the oldest change without a position, in seconds; undefined if none waits. */
  waitingSeconds: number | undefined;
}

/**
 * What changes when a database is restored: from a dump (another database or table), from a copy of its files (another timeline, as
 * after a failover), or on another server.
 */
function originOf(name: string): string {
  return /* sql */ `concat_ws('.',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    '${name}'::regclass::oid,
    left(pg_walfile_name(pg_current_wal_lsn()), 8))`;
}

/** Undefined before the first sequencer has begun an epoch. */
export async function readStatus<C>(q: Queryable, { name }: FeedDefinition<C>): Promise<FeedStatus | undefined> {
  const { rows } = await q.query<{
    epoch: string;
    begins_after: string;
    is_current: boolean;
    head: string | null;
    waiting_seconds: number | null;
  }>({
    name: `status-of-${name}`,
    text: /* sql */ `
      SELECT id AS epoch, begins_after, origin = ${originOf(name)} AS is_current,
        (SELECT position FROM ${name} ORDER BY position DESC LIMIT 1) AS head,
        (SELECT extract(epoch FROM now() - at)::float FROM ${name}_queue ORDER BY id LIMIT 1) AS waiting_seconds
      FROM ${name}_epochs ORDER BY number DESC LIMIT 1`,
  });
  const [row] = rows;
  if (!row) return undefined;
  return {
    epoch: row.epoch,
    isCurrent: row.is_current,
    // A log that was emptied goes on where its epoch began.
    head: Number(row.head ?? row.begins_after),
    waitingSeconds: row.waiting_seconds === null ? undefined : Math.max(0, row.waiting_seconds),
  };
}

// Bounds the transaction; more than this follows in the next one.
const SEQUENCED_AT_ONCE = 1_000;

/**
 * Give positions to waiting changes, and begin an epoch if the database is not the one of the last. Returns whether there may be
 * more; false as well if another process is at it.
 *
 * The lock comes first and in a statement of its own: what is read after it includes all that its last holder has committed.
 */
export async function sequence<C>(pool: Connections, feed: FeedDefinition<C>): Promise<boolean> {
  const { name, columns } = feed;
  return inTransaction(pool, async (trx) => {
    if (!(await lockFeed(trx, name))) return false;
    const status = await readStatus(trx, feed);
    if (!status?.isCurrent) await beginEpoch(trx, name);
    const list = [...columns, 'at'].join(', ');
    const { rowCount } = await trx.query({
      name: `sequence-${name}`,
      text: /* sql */ `
        WITH taken AS (
          DELETE FROM ${name}_queue WHERE id = ANY (ARRAY(SELECT id FROM ${name}_queue ORDER BY id LIMIT $1))
          RETURNING id, ${list}
        )
        INSERT INTO ${name} (position, ${list})
        SELECT $2 + row_number() OVER (ORDER BY id), ${list} FROM taken`,
      values: [SEQUENCED_AT_ONCE, status?.head ?? 0],
    });
    return rowCount === SEQUENCED_AT_ONCE;
  });
}

/** Until the end of the transaction, and only if no other process has it. */
async function lockFeed(trx: Transaction, name: string): Promise<boolean> {
  const { rows } = await trx.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
    [name],
  );
  return rows[0]?.locked === true;
}

async function beginEpoch(trx: Transaction, name: string): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO ${name}_epochs (number, id, begins_after, origin)
    SELECT coalesce((SELECT number FROM ${name}_epochs ORDER BY number DESC LIMIT 1), 0) + 1, $1,
      coalesce((SELECT position FROM ${name} ORDER BY position DESC LIMIT 1), 0), ${originOf(name)}`,
    [randomBytes(6).toString('hex')],
  );
}

/** Where an epoch ended, or the end of the log; undefined for an epoch that this database does not have. */
export async function findEndOfEpoch<C>(
  q: Queryable,
  { name }: FeedDefinition<C>,
  { epoch }: Pick<Position, 'epoch'>,
): Promise<number | undefined> {
  const { rows } = await q.query<{ ends_at: string }>(
    /* sql */ `
    SELECT coalesce(
      (SELECT n.begins_after FROM ${name}_epochs n WHERE n.number > e.number ORDER BY n.number LIMIT 1),
      (SELECT position FROM ${name} ORDER BY position DESC LIMIT 1),
      e.begins_after) AS ends_at
    FROM ${name}_epochs e WHERE e.id = $1`,
    [epoch],
  );
  return rows[0] && Number(rows[0].ends_at);
}

/**
 * The next changes behind `after`, at most `limit`. Undefined if changes in between were removed: numbers are consecutive, so the
 * first one shows it.
 */
export async function readChanges<C>(
  q: Queryable,
  { name, select }: FeedDefinition<C>,
  after: number,
  limit: number,
): Promise<Numbered<C>[] | undefined> {
  const { rows } = await q.query<Omit<Numbered<C>, 'position'> & { position: string }>({
    name: `read-${name}`,
    text: /* sql */ `SELECT c.position, ${select} FROM ${name} c WHERE c.position > $1 ORDER BY c.position LIMIT $2`,
    values: [after, limit],
  });
  const changes = rows.map((row) => ({ ...row, position: Number(row.position) }) as unknown as Numbered<C>);
  return changes[0] && changes[0].position !== after + 1 ? undefined : changes;
}

/** How long changes are kept, and how many at most: some 800 MB. */
export const KEPT = { hours: 24, rows: 5_000_000 };

/** Remove a batch of the oldest changes that are kept for too long or are too many; never the last one. Returns how many. */
export async function removeOldChanges<C>(
  q: Queryable,
  { name }: FeedDefinition<C>,
  limit: number,
  kept = KEPT,
): Promise<number> {
  const { rowCount } = await q.query({
    name: `trim-${name}`,
    text: /* sql */ `
      WITH oldest AS MATERIALIZED (SELECT position, sequenced_at FROM ${name} ORDER BY position LIMIT $1),
      head AS MATERIALIZED (SELECT position FROM ${name} ORDER BY position DESC LIMIT 1)
      DELETE FROM ${name} WHERE position = ANY (ARRAY(
        SELECT o.position FROM oldest o, head h
        WHERE o.position <= h.position - $3::bigint
          OR (o.sequenced_at < now() - make_interval(hours => $2) AND o.position < h.position)))`,
    values: [limit, kept.hours, kept.rows],
  });
  return rowCount ?? 0;
}
