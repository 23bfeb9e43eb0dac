import { type ConsumerOptions, startConsumer } from '../reliable/messaging/consume.ts';
import type { Handle } from '../reliable/messaging/handle-batch.ts';
import type { OutboxRow } from '../reliable/outbox/outbox-message.ts';
import { atEnd } from './at-end.ts';
import { type MessagingSystem, now, silent, TEST_RETRY_DELAYS_MS } from './messaging.ts';
import { openingsQueue } from './queues.ts';

export type Opening = (typeof openingsQueue.messages)[number];

/** Handles openings of accounts: each account gets a row in `effects`, except those that a test makes fail. */
export function createOpeningsHandler() {
  const poison = new Set<string>();
  const hopeless = new Set<string>();
  const calls: string[][] = [];
  const handle: Handle<Opening> = async (trx, messages) => {
    const ids = messages.map(({ message }) => message.payload.accountId);
    calls.push(ids);
    const opened = ids.filter((id) => !hopeless.has(id));
    await trx.query('INSERT INTO effects (account_id) SELECT unnest($1::uuid[])', [opened]);
    if (ids.some((id) => poison.has(id))) throw new Error('poison');
    return ids.map((id) => (hopeless.has(id) ? { deadLetter: 'no-such-account', detail: id } : 'handled'));
  };
  return {
    handle,
    /** Accounts whose message makes the handler throw. */
    poison,
    /** Accounts whose message the handler declares unprocessable. */
    hopeless,
    /** The accounts of each call. */
    calls,
    reset() {
      poison.clear();
      hopeless.clear();
      calls.length = 0;
    },
  };
}

/** Consume the openings of accounts until the test ends. */
export function consumeOpenings(
  system: MessagingSystem,
  options: Partial<ConsumerOptions<Opening>> & Pick<ConsumerOptions<Opening>, 'handle'>,
) {
  const consumer = startConsumer({
    queue: openingsQueue.name,
    definitions: openingsQueue.messages,
    broker: system.broker,
    pool: system.database.pool,
    metrics: system.metrics,
    now,
    log: silent,
    retryDelaysMs: TEST_RETRY_DELAYS_MS,
    ...options,
  });
  atEnd(() => consumer.stop());
  return consumer;
}

export function accountOf(row: OutboxRow): string {
  return row.subjectId as string;
}
