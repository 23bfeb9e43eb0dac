import type { ConfirmChannel, Message } from 'amqplib';

/** A message as the broker gets it. */
export interface OutgoingMessage {
  /** Empty for the default exchange; the routing key is then a queue's name. */
  exchange: string;
  routingKey: string;
  /** Whether to report a message that no queue took as `returned`, instead of letting it vanish. */
  mandatory: boolean;
  body: string | Buffer;
  messageId: string;
  type?: string;
  /** When the fact happened. */
  occurredAt?: Date;
  headers?: Record<string, unknown>;
}

/**
 * - `confirmed`: every queue that wanted it has it, on disk (or nobody wanted it and it was not mandatory).
 * - `returned`: mandatory, and no queue wanted it. Nobody has it.
 * - `refused`: a queue that wanted it did not take it, for want of room or of its majority; others may have it.
 * - `unencodable`: its properties do not fit into AMQP, and never will. Nobody has it.
 * - `failed`: the broker went away; it may have arrived all the same.
 * - `unanswered`: no word from the broker in time; it may still arrive.
 */
export type PublishOutcome = 'confirmed' | 'returned' | 'refused' | 'unencodable' | 'failed' | 'unanswered';

export type Publish = (messages: readonly OutgoingMessage[]) => Promise<PublishOutcome[]>;

// A quorum queue confirms in milliseconds. A frozen broker, or one that blocks publishers for want of disk or memory,
// never does; its client must not wait for ever, and may not take silence for success.
const CONFIRM_TIMEOUT_MS = 5_000;

// amqplib's word for basic.nack; a channel that closes ends its unconfirmed messages with others.
const NACK = 'message nacked';

/** Publish over this channel: all messages at once, without waiting for one confirm before the next message. */
export function createPublish(channel: ConfirmChannel, timeoutMs = CONFIRM_TIMEOUT_MS): Publish {
  // The broker sends a message back just before it confirms it, so the confirm finds the name here.
  const returned = new Set<string>();
  channel.on('return', (message) => returned.add(nameOf(message)));

  const publishOne = (message: OutgoingMessage, settle: (outcome: PublishOutcome) => void) => {
    try {
      const content = typeof message.body === 'string' ? Buffer.from(message.body) : message.body;
      channel.publish(message.exchange, message.routingKey, content, propertiesOf(message), (error) => {
        const cameBack = returned.delete(nameOf({ fields: message, properties: message }));
        if (error) settle(error.message === NACK ? 'refused' : 'failed');
        else settle(cameBack ? 'returned' : 'confirmed');
      });
    } catch (error) {
      // Before anything was sent: amqplib's word for what it cannot encode; any other means that the channel is closed.
      const { name } = error as Error;
      settle(name === 'TypeError' || name === 'RangeError' ? 'unencodable' : 'failed');
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

/** AMQP has no time before 1970, and a message from elsewhere may carry one that is none at all. */
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
