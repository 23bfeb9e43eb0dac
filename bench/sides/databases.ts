import { Fault } from '@shop/chassis/base/fault.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';

// Without one of them a server may lose or tear committed data, so its numbers are not comparable.
const DURABLE = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;
const WORTH_KNOWING = ['server_version', 'wal_sync_method', 'shared_buffers', 'max_wal_size'] as const;

/** The settings of a server, read by the measured role; throws if the server is not durable. */
export async function readSettings(name: string, url: string): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  await withClient(url, async (client) => {
    for (const setting of [...DURABLE, ...WORTH_KNOWING]) {
      const { rows } = await client.query(`SHOW ${setting}`);
      settings[setting] = rows[0][setting];
    }
  });
  const off = DURABLE.filter((setting) => settings[setting] !== 'on');
  if (off.length > 0) throw new Fault(`${name} is not durable, so nothing is measured. Not on: ${off.join(', ')}`);
  return settings;
}

/** The number of rows of a table. */
export async function countRows(url: string, table: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT count(*)::integer AS count FROM ${table}`);
    return rows[0].count;
  });
}

/** The sum of the versions of all rows of a table: equal where two tables have the same rows in the same versions. */
export async function sumVersions(url: string, table: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT coalesce(sum(version), 0)::text AS sum FROM ${table}`);
    return rows[0].sum;
  });
}

/** The number of other sessions with a running statement or an open transaction. */
export async function countBusySessions(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(/* sql */ `
      SELECT count(*)::integer AS count FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()`);
    return rows[0].count;
  });
}

/** Inserts products, their stock and its ledger rows into the tables of inventory-service. */
export async function insertProducts(url: string, skus: readonly string[], units: number): Promise<void> {
  await withClient(url, (client) =>
    client.query(
      /* sql */ `
      WITH made AS (INSERT INTO products (sku, name) SELECT sku, sku FROM unnest($1::text[]) AS sku RETURNING sku),
      stocked AS (INSERT INTO stock_levels (sku, on_hand) SELECT sku, $2 FROM unnest($1::text[]) AS sku)
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
      SELECT sku, 'adjusted', $2, 0, gen_random_uuid(), 'bench' FROM made WHERE $2::bigint > 0`,
      [skus, units],
    ),
  );
}
