import { z } from 'zod';
import { envelopeHead, type MessageDefinition } from '../reliable/messaging/message-definition.ts';
import { deadLetterQueueName, type QueueDefinition, RETRY_DELAYS_MS } from '../reliable/messaging/topology.ts';
import type { ContractMessage } from './define-message.ts';

type Json = Record<string, unknown>;

const description = `The messages that the services exchange and publish over RabbitMQ.

- **At-least-once delivery.** A message may be delivered more than once, with the same \`id\`: store the ids that you have
  handled. Messages are written to an outbox in the transaction of the change that they report, so no message is lost, and
  none reports a change that was rolled back.
- **No ordering.** Events of an order carry the order's \`version\`, which increases by one with each change of status. Ignore
  events with an older version than the one you have.
- **Tolerant reader.** Newer producers may add members: ignore members that you do not know. Removing or redefining a member
  makes a new message version, which is published in parallel to the old one. The routing key contains the version, \`type\`
  does not.
- **To subscribe**, bind a durable queue of your own to \`order_exchange\` or \`inventory_exchange\` with the routing keys that
  you need (\`order.*.v1\`). Events contain no personal data; authorized clients read the customer from the API.`;

export interface Described {
  version: string;
  messages: readonly ContractMessage[];
  queues: readonly { service: string; queue: QueueDefinition }[];
  /** An example message, by routing key. */
  sampleOf: (routingKey: string) => unknown;
}

/** The AsyncAPI 3 document of these messages and of the queues that consume them. */
export function asyncapiDocument({ version, messages, queues, sampleOf }: Described): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Messages of orders and stock',
      version,
      description,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      tags: [{ name: 'event' }, { name: 'command' }, { name: 'reply' }],
    },
    defaultContentType: 'application/json',
    servers: {
      broker: {
        host: 'rabbitmq:5672',
        protocol: 'amqp',
        protocolVersion: '0.9.1',
        description: 'RabbitMQ 3.10 or later. The address and the login depend on the installation.',
        security: [{ $ref: '#/components/securitySchemes/login' }],
      },
    },
    channels: {
      ...Object.fromEntries(messages.map((message) => [nameOf(message), toChannel(message)])),
      ...Object.fromEntries(queues.map(({ queue }) => [queue.name, toQueueChannel(queue)])),
    },
    operations: {
      ...Object.fromEntries(messages.map((message) => [`send.${nameOf(message)}`, toSend(message)])),
      ...Object.fromEntries(
        queues.map(({ queue, service }) => [
          `receive.${queue.name}`,
          {
            action: 'receive',
            channel: { $ref: `#/channels/${queue.name}` },
            summary: `${service} handles each message once: it checks the message id and the current state.`,
            bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
          },
        ]),
      ),
    },
    components: {
      messages: Object.fromEntries(
        messages.map((message) => [nameOf(message), toMessage(message, sampleOf(message.routingKey))]),
      ),
      schemas: { headers: headersSchema },
      securitySchemes: { login: { type: 'userPassword', description: 'User name and password of the broker' } },
    },
  };
}

/** The name of a message's components: its routing key. */
function nameOf({ routingKey }: MessageDefinition): string {
  return routingKey;
}

function toChannel(message: MessageDefinition): Json {
  const { exchange, routingKey, consumers } = message;
  return {
    address: routingKey,
    title: routingKey,
    description:
      consumers.length > 0 ? `For ${consumers.join(', ')}.` : 'For any subscriber. Having none is not an error.',
    servers: [{ $ref: '#/servers/broker' }],
    messages: { [nameOf(message)]: { $ref: `#/components/messages/${nameOf(message)}` } },
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name: exchange, type: 'topic', durable: true, autoDelete: false },
        bindingVersion: '0.3.0',
      },
    },
  };
}

function toQueueChannel({ name, messages, maxLength }: QueueDefinition): Json {
  const waits = RETRY_DELAYS_MS.map((delay) => (delay < 60_000 ? `${delay / 1_000} s` : `${delay / 60_000} min`));
  return {
    address: name,
    title: name,
    description: `A quorum queue${maxLength === undefined ? '' : ` that keeps the newest ${maxLength} messages`}. Messages whose handling fails are retried after ${waits.join(', ')}, and are then moved to \`${deadLetterQueueName(name)}\`.`,
    servers: [{ $ref: '#/servers/broker' }],
    messages: Object.fromEntries(
      messages.map((message) => [nameOf(message), { $ref: `#/components/messages/${nameOf(message)}` }]),
    ),
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name, durable: true, exclusive: false, autoDelete: false },
        bindingVersion: '0.3.0',
      },
    },
  };
}

function toSend(message: MessageDefinition): Json {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${nameOf(message)}` },
    summary: `Sent by ${message.producer}.`,
    bindings: { amqp: { deliveryMode: 2, mandatory: message.mandatory, timestamp: true, bindingVersion: '0.3.0' } },
  };
}

function toMessage(message: ContractMessage, sample: unknown): Json {
  return {
    name: message.type,
    title: message.routingKey,
    summary: message.meaning,
    tags: [{ name: message.kind }],
    contentType: 'application/json',
    headers: { $ref: '#/components/schemas/headers' },
    correlationId: {
      location: '$message.payload#/correlationId',
      description: 'Id of the request that caused the message',
    },
    payload: toPayload(message),
    bindings: { amqp: { messageType: message.type, bindingVersion: '0.3.0' } },
    examples: [{ payload: sample }],
  };
}

/** The envelope with this payload, as a consumer reads it: unknown members are allowed. */
function toPayload({ type, version, producer, payload }: MessageDefinition): Json {
  const schema = z.object({
    ...envelopeHead,
    type: z.literal(type),
    version: z.literal(version),
    producer: z.literal(producer),
    payload,
  });
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as Json;
  return json;
}

const headersSchema = {
  type: 'object',
  properties: {
    traceparent: {
      type: 'string',
      pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
      description: 'W3C trace context of the request that caused the message',
    },
  },
};
