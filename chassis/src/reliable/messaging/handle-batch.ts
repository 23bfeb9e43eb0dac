import { recordInInbox, removeFromInbox } from '../inbox/inbox.ts';
import type { Database, Transaction } from '../postgres/connections.ts';
import { inTransaction, sqlState } from '../postgres/transaction.ts';
import type { Envelope, MessageDefinition } from './message-definition.ts';

const LOCK_NOT_AVAILABLE = '55P03';
// For a row locked by another session: otherwise each message that needs the row waits for the pool's full lock_timeout.
const BRIEF_LOCK_WAIT_MS = 50;

/** A message for the handler. With several definitions, `message.type` discriminates the union. */
export type IncomingMessage<Definition extends MessageDefinition> = Definition extends MessageDefinition
  ? {
      message: Envelope<Definition>;
      definition: Definition;
      traceparent: string | undefined;
      headers: Record<string, unknown>;
    }
  : never;

/**
 * A handler's result for a message: it took effect, or it can never succeed (`deadLetter` is a short code of the reason).
 */
export type HandlerOutcome = 'handled' | { deadLetter: string; detail?: string };

/**
 * Handles messages in order of arrival, in the transaction that records them in the inbox, and returns one outcome per
 * message. It may run again with the same messages, so all its effects must be part of the transaction. Other effects, such
 * as counting, are passed to `afterCommit`, which runs them only if the transaction commits.
 */
export type Handle<Definition extends MessageDefinition> = (
  trx: Transaction,
  messages: IncomingMessage<Definition>[],
  afterCommit: AfterCommit,
) => Promise<HandlerOutcome[]>;
export type AfterCommit = (effect: () => void) => void;

/** The outcome of a delivery. */
export type Fate =
  | { kind: 'handled' }
  | { kind: 'duplicate' }
  | { kind: 'dead-letter'; reason: string; detail?: string }
  | { kind: 'failed'; error: unknown };

export interface BatchOptions<Definition extends MessageDefinition> {
  queue: string;
  pool: Database;
  handle: Handle<Definition>;
  /**
   * Whether an error means that the database is unavailable. The outcome of all messages is then unknown, and the error is
   * rethrown.
   */
  isOutage: (error: unknown) => Promise<boolean>;
}

/**
 * One transaction for all messages. If it fails, one transaction per message, so that only the bad message fails. Throws only
 * in an outage; messages that had committed before are found in the inbox the next time.
 */
export async function handleBatch<Definition extends MessageDefinition>(
  options: BatchOptions<Definition>,
  messages: IncomingMessage<Definition>[],
): Promise<Fate[]> {
  const together = await attempt(options, messages);
  if (Array.isArray(together)) return together;
  if (messages.length === 1) return [together];
  const lockWaitMs = sqlState(together.error) === LOCK_NOT_AVAILABLE ? BRIEF_LOCK_WAIT_MS : undefined;
  const fates: Fate[] = [];
  for (const message of messages) {
    const alone = await attempt(options, [message], lockWaitMs);
    fates.push(...(Array.isArray(alone) ? alone : [alone]));
  }
  return fates;
}

async function attempt<Definition extends MessageDefinition>(
  options: BatchOptions<Definition>,
  messages: IncomingMessage<Definition>[],
  lockWaitMs?: number,
): Promise<Fate[] | (Fate & { kind: 'failed' })> {
  try {
    let effects: (() => void)[] = [];
    const fates = await inTransaction(options.pool, async (trx) => {
      effects = []; // drops those of an earlier run that was rolled back
      if (lockWaitMs) await trx.query(`SET LOCAL lock_timeout = ${lockWaitMs}`);
      return handleOnce(trx, options, messages, (effect) => effects.push(effect));
    });
    for (const effect of effects) effect();
    return fates;
  } catch (error) {
    if (await options.isOutage(error)) throw error;
    return { kind: 'failed', error };
  }
}

async function handleOnce<Definition extends MessageDefinition>(
  trx: Transaction,
  { queue, handle }: BatchOptions<Definition>,
  messages: IncomingMessage<Definition>[],
  afterCommit: AfterCommit,
): Promise<Fate[]> {
  const unseen = await recordInInbox(
    trx,
    queue,
    messages.map(({ message }) => message.id),
  );
  // Deleting the id from the set makes a second copy in the same batch a duplicate.
  const fresh = messages.filter(({ message }) => unseen.delete(message.id));
  const outcomes = fresh.length > 0 ? await handle(trx, fresh, afterCommit) : [];
  if (outcomes.length !== fresh.length)
    throw new Error(`the handler of ${queue} returned ${outcomes.length} outcomes for ${fresh.length} messages`);
  const fates = new Map(fresh.map((message, index) => [message, toFate(outcomes[index] as HandlerOutcome)]));
  const dead = fresh.filter((message) => fates.get(message)?.kind === 'dead-letter');
  await removeFromInbox(
    trx,
    queue,
    dead.map(({ message }) => message.id),
  );
  return messages.map((message) => fates.get(message) ?? { kind: 'duplicate' });
}

function toFate(outcome: HandlerOutcome): Fate {
  if (outcome === 'handled') return { kind: 'handled' };
  return { kind: 'dead-letter', reason: outcome.deadLetter, detail: outcome.detail };
}
