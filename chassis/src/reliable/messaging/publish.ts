import type { ConfirmChannel, Message } from 'amqplib';

/** A message to publish. */
export interface OutgoingMessage {
  /** Empty for the default exchange, whose routing key is the name of a queue. */
  exchange: string;
  routingKey: string;
  /** Whether the broker returns the message if it is unroutable, instead of dropping it. */
  mandatory: boolean;
  body: string | Buffer;
  messageId: string;
  type?: string;
  /** Time of the event. */
  occurredAt?: Date;
  headers?: Record<string, unknown>;
}

/**
 * - `confirmed`: every bound queue has stored it on disk (or it is not mandatory, and no queue is bound).
 * - `returned`: mandatory and unroutable. No queue has it.
 * - `refused`: nacked, because a bound queue is full or has lost its majority. Other queues may have it.
 * - `unencodable`: its properties cannot be encoded in AMQP, so a retry cannot help. It was not sent.
 * - `failed`: the connection was lost. It may have been stored.
 * - `unanswered`: no confirm in time. It may still be stored.
 */
export type PublishOutcome = 'confirmed' | 'returned' | 'refused' | 'unencodable' | 'failed' | 'unanswered';

export type Publish = (messages: readonly OutgoingMessage[]) => Promise<PublishOutcome[]>;

// A quorum queue confirms in milliseconds. A frozen broker, or one that blocks publishers because of a disk or memory alarm,
// never does: the client must neither wait for ever nor assume success.
const CONFIRM_TIMEOUT_MS = 5_000;

// amqplib's error message for basic.nack. When a channel closes, unconfirmed messages get other errors.
const NACK = 'message nacked';

/** Publish on this channel. All messages are sent without waiting for the confirms of earlier ones. */
export function createPublish(channel: ConfirmChannel, timeoutMs = CONFIRM_TIMEOUT_MS): Publish {
  // The broker sends basic.return before the confirm of the same message, so the confirm finds the name here.
  const returned = new Set<string>();
  channel.on('return', (message) => returned.add(nameOf(message)));

  const publishOne = (message: OutgoingMessage, onOutcome: (outcome: PublishOutcome) => void) => {
    try {
      const content = typeof message.body === 'string' ? Buffer.from(message.body) : message.body;
      channel.publish(message.exchange, message.routingKey, content, propertiesOf(message), (error) => {
        const cameBack = returned.delete(nameOf({ fields: message, properties: message }));
        if (error) onOutcome(error.message === NACK ? 'refused' : 'failed');
        else onOutcome(cameBack ? 'returned' : 'confirmed');
      });
    } catch (error) {
      // Nothing was sent. amqplib throws these two for values that it cannot encode, and others if the channel is closed.
      const { name } = error as Error;
      onOutcome(name === 'TypeError' || name === 'RangeError' ? 'unencodable' : 'failed');
    }
  };

  return async (messages) => {
    const outcomes = messages.map((): PublishOutcome => 'unanswered');
    if (messages.length === 0) return outcomes;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    let open = messages.length;
    messages.forEach((message, index) => {
      publishOne(message, (outcome) => {
        outcomes[index] = outcome;
        open -= 1;
        if (open === 0) resolve();
      });
    });
    await done;
    clearTimeout(timer);
    return [...outcomes]; // a late confirm must not change what was reported
  };
}

function propertiesOf(message: OutgoingMessage) {
  return {
    persistent: true,
    mandatory: message.mandatory,
    contentType: 'application/json',
    messageId: message.messageId,
    type: message.type,
    timestamp: secondsOf(message.occurredAt),
    headers: message.headers,
  };
}

/** AMQP has no timestamps before 1970, and messages of other publishers may have an invalid one. */
function secondsOf(time: Date | undefined): number | undefined {
  const seconds = Math.floor(Number(time) / 1_000);
  return seconds >= 0 ? seconds : undefined;
}

interface Name {
  fields: Pick<Message['fields'], 'exchange' | 'routingKey'>;
  properties: Pick<Message['properties'], 'messageId'>;
}

function nameOf({ fields, properties }: Name): string {
  return `${properties.messageId} ${fields.exchange} ${fields.routingKey}`;
}
