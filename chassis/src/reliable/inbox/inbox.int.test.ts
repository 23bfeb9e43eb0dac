import { randomUUID } from 'node:crypto';
import { atEnd } from '../../testing/at-end.ts';
import { createMessagingDatabase, type MessagingDatabase } from '../../testing/messaging-database.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { recordInInbox, removeFromInbox, removeOldInboxRows } from './inbox.ts';

describe('the inbox', () => {
  let database: MessagingDatabase;
  beforeAll(async () => {
    database = await createMessagingDatabase();
    atEnd(() => database.drop());
  });
  beforeEach(() => database.truncate());

  const record = (ids: string[], queue = 'queue') =>
    inTransaction(database.pool, (trx) => recordInInbox(trx, queue, ids));

  it('tells which messages are new', async () => {
    const [first = '', second = ''] = [randomUUID(), randomUUID()];
    expect(await record([first, first])).toEqual(new Set([first]));
    expect(await record([first, second])).toEqual(new Set([second]));
  });

  it('takes the same messages in two transactions at once without a deadlock, and gives each to one', async () => {
    const ids = Array.from({ length: 200 }, () => randomUUID());
    const results = await Promise.all([record(ids), record(ids.toReversed()), record(ids)]);
    expect(results.map((fresh) => fresh.size).sort((a, b) => a - b)).toEqual([0, 0, 200]);
  });

  it('forgets a message that became a dead letter', async () => {
    const id = randomUUID();
    await record([id]);
    await inTransaction(database.pool, (trx) => removeFromInbox(trx, 'queue', [id]));
    expect(await record([id])).toEqual(new Set([id]));
  });

  it('knows a message in the queue that it was handled from, and in no other of the service', async () => {
    const id = randomUUID();
    expect(await record([id], 'one')).toEqual(new Set([id]));
    expect(await record([id], 'other')).toEqual(new Set([id]));
    expect(await record([id], 'one')).toEqual(new Set());
    await inTransaction(database.pool, (trx) => removeFromInbox(trx, 'other', [id]));
    expect(await record([id], 'one')).toEqual(new Set());
    expect(await record([id], 'other')).toEqual(new Set([id]));
  });

  it('removes rows that are older than any redelivery, in small batches, and no others', async () => {
    const [young = ''] = [randomUUID()];
    const ids = Array.from({ length: 5 }, () => randomUUID());
    await record([young, ...ids]);
    await database.pool.query(
      `UPDATE inbox_messages SET received_at = now() - interval '8 days' WHERE message_id <> $1`,
      [young],
    );
    expect(await removeOldInboxRows(database.pool, { limit: 3 })).toMatchObject({ count: 3 });
    expect(await removeOldInboxRows(database.pool, { limit: 3 })).toMatchObject({ count: 2 });
    expect(await removeOldInboxRows(database.pool, { limit: 3 })).toMatchObject({ count: 0 });
    expect(await record([young])).toEqual(new Set());
  });
});
