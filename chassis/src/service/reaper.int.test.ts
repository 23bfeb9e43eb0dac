import { randomUUID } from 'node:crypto';
import { removeExpiredKeys } from '../reliable/idempotency/keys.sql.ts';
import { removeOldInboxRows } from '../reliable/inbox/inbox.ts';
import { atEnd } from '../testing/at-end.ts';
import { addCompletedKeys } from '../testing/idempotency-keys.ts';
import { createMessagingDatabase, type MessagingDatabase } from '../testing/messaging-database.ts';

let database: MessagingDatabase;
beforeAll(async () => {
  database = await createMessagingDatabase();
  atEnd(() => database.drop());
});

const KEYS_PER_HOUR = 300;
const HOURS_KEPT = 4;
const HOURS = 40;
const LONG_AGO = 1_000;

/** The requests of five minutes in the middle of an hour: however slow the test is, none passes its retention meanwhile. */
async function fillHour(hour: number): Promise<void> {
  const keys = Array.from({ length: KEYS_PER_HOUR }, () => randomUUID());
  await addCompletedKeys(database.pool, keys, LONG_AGO - hour - 0.5);
}

async function sizeOf(table: string): Promise<number> {
  const { rows } = await database.pool.query('SELECT pg_total_relation_size($1::regclass)::integer AS bytes', [table]);
  return rows[0].bytes;
}

/** Rows of a table that `work` looks at. */
async function rowsReadBy(table: string, work: (client: Parameters<typeof removeExpiredKeys>[0]) => Promise<unknown>) {
  const client = await database.pool.connect();
  try {
    const read = async () => {
      const sql = 'SELECT pg_stat_get_xact_tuples_fetched($1::regclass)::integer AS read';
      return (await client.query(sql, [table])).rows[0].read;
    };
    // What the connection has done before counts too, until it is reported.
    await client.query('BEGIN');
    const before = await read();
    await work(client);
    const after = await read();
    await client.query('COMMIT');
    return after - before;
  } finally {
    client.release();
  }
}

describe('removing keys', () => {
  it('keeps the table as large as what is kept, and reads no more than what has expired', async () => {
    let grown = 0;
    for (let hour = 0; hour < HOURS; hour += 1) {
      await fillHour(hour);
      const retention = LONG_AGO - hour + HOURS_KEPT;
      for (let from: string | undefined; ; ) {
        const removed = await removeExpiredKeys(database.pool, retention, { limit: 100, from });
        if (removed.count === 0) break;
        from = removed.until;
      }
      await database.pool.query('VACUUM idempotency_keys');
      if (hour === 2 * HOURS_KEPT) grown = await sizeOf('idempotency_keys');
    }
    expect(await sizeOf('idempotency_keys')).toBeLessThan(1.2 * grown);
    const { rows } = await database.pool.query('SELECT count(*)::integer AS kept FROM idempotency_keys');
    expect(rows[0].kept).toBe((HOURS_KEPT + 1) * KEYS_PER_HOUR);

    const retention = LONG_AGO - HOURS + HOURS_KEPT + 1;
    const remove = (hours: number) => (client: Parameters<typeof removeExpiredKeys>[0]) =>
      removeExpiredKeys(client, hours, { limit: 50 });
    expect(await rowsReadBy('idempotency_keys', remove(retention))).toBe(0);
    // At most what is past its retention, found once by the index and once by its place.
    expect(await rowsReadBy('idempotency_keys', remove(retention - 1))).toBeLessThanOrEqual(2 * KEYS_PER_HOUR);
  });
});

describe('removing rows of the inbox', () => {
  it('goes on where the last batch ended', async () => {
    await database.pool.query(/* sql */ `
      INSERT INTO inbox_messages (message_id, queue, received_at)
      SELECT gen_random_uuid(), 'q', now() - interval '8 days' + make_interval(secs => i) FROM generate_series(1, 300) AS i`);
    const first = await removeOldInboxRows(database.pool, { limit: 200 });
    expect(first.count).toBe(200);
    const read = await rowsReadBy('inbox_messages', async (client) => {
      expect(await removeOldInboxRows(client, { limit: 200, from: first.until })).toMatchObject({ count: 100 });
      expect(await removeOldInboxRows(client, { limit: 200, from: first.until })).toMatchObject({ count: 0 });
    });
    expect(read).toBeLessThanOrEqual(2 * 100 + 200);
  });
});
