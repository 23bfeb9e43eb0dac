import { z } from 'zod';
import { envelopeHead, type MessageDefinition } from '../reliable/messaging/message-definition.ts';
import { deadLetterQueueName, type QueueDefinition, RETRY_DELAYS_MS } from '../reliable/messaging/topology.ts';
import type { ContractMessage } from './define-message.ts';

type Json = Record<string, unknown>;

const description = `What the services tell each other and everybody else, over RabbitMQ.

- **At least once.** A message may come twice: its \`id\` is the same then, so keep the ids that you have handled. It is
  published from an outbox with the change that it tells of, so none is lost and none tells of what did not happen.
- **In no order.** Events of one order carry the order's \`version\`, which grows by one with each change of status: ignore
  what is older than what you know.
- **Tolerant reading.** A later producer may add members: drop those that you do not know. What is removed or redefined
  makes a new version, which is published beside the old one. The routing key has the version, \`type\` has not.
- **To listen**, bind a durable queue of your own to \`order_exchange\` or \`inventory_exchange\` by the routing keys that you
  want (\`order.*.v1\`). Nothing personal is in any event: who may know the customer asks the API.`;

export interface Described {
  version: string;
  messages: readonly ContractMessage[];
  queues: readonly { service: string; queue: QueueDefinition }[];
  /** A message as it travels, by its routing key. */
  sampleOf: (routingKey: string) => unknown;
}

/** The AsyncAPI 3 document of these messages, and of the queues of those who consume them. */
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
        description: 'RabbitMQ 3.10 or later. Its address and login are those of your installation.',
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
            summary: `${service} handles each message once, by its id and by the state that it finds.`,
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
      securitySchemes: { login: { type: 'userPassword', description: 'A user of the broker' } },
    },
  };
}

/** As components are named: their routing key. */
function nameOf({ routingKey }: MessageDefinition): string {
  return routingKey;
}

function toChannel(message: MessageDefinition): Json {
  const { exchange, routingKey, consumers } = message;
  return {
    address: routingKey,
    title: routingKey,
    description: consumers.length > 0 ? `For ${consumers.join(', ')}.` : 'For whoever listens; nobody has to.',
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
    description: `A quorum queue${maxLength === undefined ? '' : ` that keeps the newest ${maxLength} messages`}. What fails is tried again after ${waits.join(', ')}, and is then set aside in \`${deadLetterQueueName(name)}\` for a person.`,
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
    correlationId: { location: '$message.payload#/correlationId', description: 'The request from which it followed' },
    payload: toPayload(message),
    bindings: { amqp: { messageType: message.type, bindingVersion: '0.3.0' } },
    examples: [{ payload: sample }],
  };
}

/** The envelope with this payload, as a consumer reads it: unknown members are no fault. */
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
      description: 'W3C trace context of the request from which it followed',
    },
  },
};
