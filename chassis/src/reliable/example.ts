/** The example in README.md: a bank that opens accounts and welcomes their owners. example.int.test.ts runs it. */
import { z } from 'zod';
import { type IdempotencyDeps, idempotently, type KeyedReply } from './idempotency/idempotently.ts';
import type { KeyedRequest } from './idempotency/keyed-request.ts';
import { type Consumer, type ConsumerOptions, startConsumer } from './messaging/consume.ts';
import type { MessageDefinition } from './messaging/message-definition.ts';
import { addToOutbox, toOutboxRow } from './outbox/outbox-message.ts';
import { toReply } from './refusal.ts';

const accountOpened = {
  ...{ type: 'account.opened', version: 1, exchange: 'bank', routingKey: 'account.opened.v1', mandatory: true },
  ...{ meaning: 'An account was opened.', producer: 'bank', consumers: ['bank'] },
  payload: z.strictObject({ accountId: z.uuid() }),
} satisfies MessageDefinition;

export const queue = { name: 'bank.welcome', messages: [accountOpened] };

type BankDeps = IdempotencyDeps & { now: () => Date };

export function openAccount(deps: BankDeps, request: KeyedRequest, accountId: string): Promise<KeyedReply> {
  return idempotently(deps, request, async (trx) => {
    await trx.query('INSERT INTO accounts (id) VALUES ($1)', [accountId]);
    const context = { correlationId: request.key, occurredAt: deps.now() };
    await addToOutbox(trx, [toOutboxRow(accountOpened, { accountId }, context)]);
    return toReply(201, { accountId });
  });
}

type Deps = Omit<ConsumerOptions<typeof accountOpened>, 'queue' | 'definitions' | 'handle'>;

export function startWelcoming(deps: Deps): Consumer {
  return startConsumer({
    ...deps,
    queue: queue.name,
    definitions: queue.messages,
    async handle(trx, messages) {
      const ids = messages.map(({ message }) => message.payload.accountId);
      await trx.query('UPDATE accounts SET welcomes = welcomes + 1 WHERE id = ANY($1::uuid[])', [ids]);
      return ids.map(() => 'handled');
    },
  });
}
