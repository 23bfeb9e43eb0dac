import { randomUUIDv7 } from 'node:crypto';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { startOnOwnDatabase } from '../../test/test-app.ts';
import { endSessions } from './sessions.sql.ts';

let database: TestDatabase;
beforeAll(async () => {
  ({ database } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

/** An account with two sessions. */
async function account() {
  const id = randomUUIDv7();
  const [kept = '', other = ''] = [randomUUIDv7(), randomUUIDv7()].sort();
  await database.pool.query(
    `INSERT INTO accounts (id, email, name, locale, status) VALUES ($1, $2, 'Ada', 'en', 'active')`,
    [id, `${id}@example.org`],
  );
  await database.pool.query(
    `INSERT INTO session_families (id, account_id, audience, expires_at)
     SELECT unnest($2::uuid[]), $1, 'shop', now() + interval '1 day'`,
    [id, [kept, other]],
  );
  return { id, kept, other };
}
const ended = async () => {
  const { rows } = await database.pool.query(
    'SELECT id, end_reason FROM session_families WHERE ended_at IS NOT NULL ORDER BY id',
  );
  return rows.map(({ id, end_reason }) => [id, end_reason]);
};

describe('endSessions', () => {
  it('ends all sessions of the account, and of no other', async () => {
    const [{ id, kept, other }] = [await account(), await account()];
    const count = await inTransaction(database.pool, (trx) => endSessions(trx, id, { reason: 'account-deleted' }));
    expect(count).toBe(2);
    expect(await ended()).toEqual([kept, other].map((one) => [one, 'account-deleted']));
  });

  it('leaves the one that it is told to leave, and the reason of those that ended before', async () => {
    const { id, kept, other } = await account();
    const end = { except: kept, reason: 'password-changed' } as const;
    await inTransaction(database.pool, (trx) => endSessions(trx, id, end));
    expect(await ended()).toEqual([[other, 'password-changed']]);
    await inTransaction(database.pool, (trx) => endSessions(trx, id, { reason: 'signed-out-everywhere' }));
    expect(await ended()).toEqual([
      [kept, 'signed-out-everywhere'],
      [other, 'password-changed'],
    ]);
  });
});
