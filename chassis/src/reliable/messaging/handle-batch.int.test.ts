import type { Transaction } from '../../base/db/pool.ts';
import { atEnd } from '../../testing/at-end.ts';
import { openedMessage } from '../../testing/messaging.ts';
import { createMessagingDatabase } from '../../testing/messaging-database.ts';
import { accountOpenedV1 } from '../../testing/queues.ts';
import { handleBatch, type IncomingMessage } from './handle-batch.ts';
import type { Envelope } from './message-definition.ts';

type Held = typeof accountOpenedV1;

function incoming(): IncomingMessage<Held> {
  const message = JSON.parse(openedMessage().body) as Envelope<Held>;
  return { message, definition: accountOpenedV1, traceparent: undefined, headers: {} };
}

it('handles the messages that do not touch a locked row, and lets those that do wait only briefly', async () => {
  const database = await createMessagingDatabase();
  atEnd(() => database.drop());
  const messages = Array.from({ length: 10 }, incoming);
  const idOf = ({ message }: IncomingMessage<Held>) => message.payload.accountId;
  const kept = messages.slice(2, 4).map(idOf);
  await database.pool.query('INSERT INTO effects (account_id) SELECT unnest($1::uuid[])', [kept]);
  const locker = await database.pool.connect();
  atEnd(() => locker.release(true));
  await locker.query('BEGIN');
  await locker.query('SELECT FROM effects FOR UPDATE');

  const waits: string[] = [];
  const options = {
    queue: 'test',
    pool: database.pool,
    isOutage: async () => false,
    handle: async (trx: Transaction, batch: IncomingMessage<Held>[]) => {
      waits.push((await trx.query("SELECT current_setting('lock_timeout') AS wait")).rows[0].wait);
      await trx.query('SELECT FROM effects WHERE account_id = ANY ($1::uuid[]) FOR UPDATE', [batch.map(idOf)]);
      return batch.map(() => 'handled' as const);
    },
  };
  const fates = await handleBatch<Held>(options, messages);
  await locker.query('ROLLBACK');
  expect(fates.map(({ kind }) => kind)).toEqual([
    ...['handled', 'handled', 'failed', 'failed'],
    ...Array(6).fill('handled'),
  ]);
  expect(waits).toEqual(['1s', ...Array(10).fill('50ms')]);
  expect((await handleBatch<Held>(options, messages.slice(2, 4))).map(({ kind }) => kind)).toEqual([
    'handled',
    'handled',
  ]);
});
