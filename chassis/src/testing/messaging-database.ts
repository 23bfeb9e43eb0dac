import { randomBytes } from 'node:crypto';
import knex from 'knex';
import type { Pool } from '../base/db/pool.ts';
import {
  createReconciliationRunsTableV1,
  scopeReconciliationRunsV2,
} from '../operations/reconciliation/reconciliation-table.ts';
import { createCatchUpsTableV1 } from '../reliable/catch-up/catch-ups-table.ts';
import { addDeadLetterDeliveriesV2, createDeadLettersTableV1 } from '../reliable/dead-letters/dead-letters-table.ts';
import { createIdempotencyKeysTableV1, indexExpiryOfKeysV2 } from '../reliable/idempotency/idempotency-keys-table.ts';
import { createInboxTableV1, indexInboxByQueueV2, keyInboxByQueueV2 } from '../reliable/inbox/inbox-table.ts';
import { addOutboxHeadersV2, createOutboxTableV1, indexOutboxCommandsV3 } from '../reliable/outbox/outbox-table.ts';
import { patientPool } from './patient-pool.ts';
import { withClient } from './with-client.ts';

export interface MessagingDatabase {
  pool: Pool;
  url: string;
  /** The accounts in `effects`, in the order in which they were written. */
  effects(): Promise<string[]>;
  truncate(): Promise<void>;
  drop(): Promise<void>;
}

/**
 * A minimal service database: outbox, inbox, keys, dead letters, catch-ups, reconciliation runs, and one row in `effects` for
 * each handled message.
 */
export async function createMessagingDatabase(): Promise<MessagingDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('TEST_POSTGRES_URL is not set: run the tests with "npm run test:int"');
  const name = `messaging_${randomBytes(6).toString('hex')}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  await createTables(url.href);
  const pool = patientPool(url.href);
  return {
    pool,
    url: url.href,
    async effects() {
      const { rows } = await pool.query<{ account: string }>('SELECT account_id AS account FROM effects ORDER BY id');
      return rows.map(({ account }) => account);
    },
    async truncate() {
      await pool.query(
        'TRUNCATE outbox_messages, inbox_messages, idempotency_keys, dead_letters, catch_ups, reconciliation_runs, effects',
      );
    },
    async drop() {
      await pool.end();
      await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function createTables(url: string): Promise<void> {
  const db = knex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
  try {
    await createOutboxTableV1(db);
    await addOutboxHeadersV2(db);
    await indexOutboxCommandsV3(db);
    await createInboxTableV1(db);
    await indexInboxByQueueV2(db);
    await keyInboxByQueueV2(db);
    await createIdempotencyKeysTableV1(db);
    await indexExpiryOfKeysV2(db);
    await createDeadLettersTableV1(db);
    await addDeadLetterDeliveriesV2(db);
    await createCatchUpsTableV1(db);
    await createReconciliationRunsTableV1(db);
    await scopeReconciliationRunsV2(db);
    await db.raw('CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, account_id uuid NOT NULL)');
  } finally {
    await db.destroy();
  }
}
