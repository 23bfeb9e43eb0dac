import type { z } from 'zod';
import type { MessageDefinition } from '../reliable/messaging/message-definition.ts';

/**
 * - `command`: asks one service to do something; must be delivered.
 * - `reply`: answers a command; must be delivered.
 * - `event`: a fact. Any service may subscribe; having no subscriber is not an error.
 */
type MessageKind = 'command' | 'reply' | 'event';

/** A message of the contract. */
export interface ContractMessage<Type extends string = string, Payload extends z.ZodObject = z.ZodObject>
  extends MessageDefinition<Type, Payload> {
  kind: MessageKind;
}

interface Origin {
  kind: MessageKind;
  producer: string;
  exchange: string;
  /** The service that a command or reply is for. */
  consumer?: string;
}

/** Returns the function with which a producer defines its messages of one kind. */
export function messagesOf({ kind, producer, exchange, consumer }: Origin) {
  const common = { kind, producer, exchange, consumers: consumer ? [consumer] : [], mandatory: kind !== 'event' };
  return <const Type extends string, Payload extends z.ZodObject>(
    type: Type,
    version: number,
    meaning: string,
    payload: Payload,
  ): ContractMessage<Type, Payload> => ({
    ...common,
    type,
    version,
    routingKey: `${type}.v${version}`,
    meaning,
    payload,
  });
}
