import { randomUUID } from 'node:crypto';
import { atEnd } from '../../testing/at-end.ts';
import { createMessagingDatabase, type MessagingDatabase } from '../../testing/messaging-database.ts';
import { patientPool } from '../../testing/patient-pool.ts';
import { withClient } from '../../testing/with-client.ts';
import type { Pool } from './pool.ts';

/** Each changes how a value is written or read, or how a transaction behaves. */
const DEFAULTS = {
  datestyle: 'German',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  search_path: 'pg_catalog',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  row_security: 'off',
  lock_timeout: '1ms',
  statement_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
};

describe('a pool whose role has other defaults', () => {
  let database: MessagingDatabase;
  let pool: Pool;
  const role = `styled_${randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    database = await createMessagingDatabase();
    atEnd(() => database.drop());
    await withClient(database.url, async (client) => {
      await client.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'test'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
      );
      atEnd(() => withClient(database.url, (owner) => owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
      const { rows } = await client.query('SELECT current_database() AS name');
      for (const [name, value] of Object.entries(DEFAULTS)) {
        await client.query(`ALTER ROLE ${role} IN DATABASE ${rows[0].name} SET ${name} = '${value}'`);
      }
    });
    const url = new URL(database.url);
    url.username = role;
    url.password = 'test';
    pool = patientPool(url.href, 1);
    atEnd(() => pool.end());
  });

  it.each(Object.keys(DEFAULTS))('keeps its own %s', async (name) => {
    const { rows } = await pool.query('SELECT current_setting($1) AS value', [name]);
    expect(rows[0].value).not.toBe(DEFAULTS[name as keyof typeof DEFAULTS]);
  });

  it('writes and reads values in its own formats', async () => {
    const at = new Date('2026-01-05T09:30:00.123Z');
    const { rows } = await pool.query(
      `SELECT $1::timestamptz AS at, '\\x00ff'::bytea AS bytes, 0.1::float8 + 0.2::float8 AS float, 'a\\b' AS text,
         '{NULL}'::text[] AS array, $1::timestamptz::text AS text_of_time, count(*)::integer AS found FROM outbox_messages`,
      [at],
    );
    expect(rows[0]).toEqual({
      at,
      bytes: Buffer.from([0, 255]),
      float: 0.1 + 0.2,
      text: 'a\\b',
      array: [null],
      text_of_time: '2026-01-05 09:30:00.123+00',
      found: 0,
    });
  });

  it('throws for an unreadable time instead of returning null', async () => {
    const trx = await pool.connect();
    try {
      await trx.query("SET datestyle = 'German'");
      await expect(trx.query('SELECT now() AS at')).rejects.toThrow('unreadable time from the database');
      await expect(trx.query('SELECT NULL::timestamptz AS at')).resolves.toMatchObject({ rows: [{ at: null }] });
    } finally {
      trx.release(true);
    }
  });
});
