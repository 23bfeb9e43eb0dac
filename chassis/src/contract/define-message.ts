import type { z } from 'zod';
import type { MessageDefinition } from '../reliable/messaging/message-definition.ts';

/**
 * - `command`: asks one service to do something; must reach it.
 * - `reply`: answers a command; must reach who asked.
 * - `event`: a fact. Anyone may subscribe to it, and nobody has to.
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

/** How one producer defines its messages of one kind. */
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
