import { randomBytes } from 'node:crypto';
import amqplib, { type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { deadLetterQueueName } from '../reliable/messaging/topology.ts';
import { eventually } from './eventually.ts';

/** A message taken from a queue. */
export interface QueuedMessage {
  body: string;
  routingKey: string;
  messageId: string | undefined;
  type: string | undefined;
  deliveryMode: number | undefined;
  headers: Record<string, unknown>;
}

export interface TestBroker {
  url: string;
  /** Wait for `count` messages and remove them from the queue, in order. */
  take(queue: string, count: number, withinMs?: number): Promise<QueuedMessage[]>;
  /** Number of messages ready; unacknowledged ones do not count. */
  depth(queue: string): Promise<number>;
  /** All queues with the arguments of their declaration. */
  queues(): Promise<{ name: string; arguments: Record<string, unknown> }[]>;
  /** Empty every queue. */
  purge(): Promise<void>;
  /** Run `work` on a separate connection, which is closed afterwards. */
  withConnection<T>(work: (connection: ChannelModel) => Promise<T>): Promise<T>;
  withChannel<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T>;
  /** Close all connections through the management API, as an operator would. */
  closeConnections(): Promise<void>;
  drop(): Promise<void>;
}

/** Create a vhost on the test server. */
export async function createTestBroker(): Promise<TestBroker> {
  const server = new URL(requiredVariable('TEST_RABBITMQ_URL'));
  const vhost = `test-${randomBytes(6).toString('hex')}`;
  await manage('PUT', `/vhosts/${vhost}`);
  await manage('PUT', `/permissions/${vhost}/${server.username || 'guest'}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  server.pathname = `/${vhost}`;

  async function withConnection<T>(work: (connection: ChannelModel) => Promise<T>): Promise<T> {
    const connection = await amqplib.connect(server.href);
    connection.on('error', () => {});
    try {
      return await work(connection);
    } finally {
      await connection.close().catch(() => {});
    }
  }

  function withChannel<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    return withConnection(async (connection) => {
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => {});
      return work(channel);
    });
  }

  const queues = async () =>
    (await manage('GET', `/queues/${vhost}?columns=name,arguments`)) as Awaited<ReturnType<TestBroker['queues']>>;

  return {
    url: server.href,
    queues,
    withConnection,
    withChannel,
    take: (queue, count, withinMs) =>
      withChannel(async (channel) => {
        const taken: QueuedMessage[] = [];
        return eventually(async () => {
          for (let next = await getOne(channel, queue); next; next = await getOne(channel, queue)) taken.push(next);
          if (taken.length >= count) return taken;
          throw new Error(`${taken.length} of ${count} messages in ${queue}`);
        }, withinMs);
      }),
    depth: (queue) => withChannel(async (channel) => (await channel.checkQueue(queue)).messageCount),
    purge: () =>
      withChannel(async (channel) => {
        for (const { name } of await queues()) await channel.purgeQueue(name);
      }),
    async closeConnections() {
      const connections = (await manage('GET', `/vhosts/${vhost}/connections`)) as { name: string }[];
      for (const { name } of connections) await manage('DELETE', `/connections/${encodeURIComponent(name)}`);
    },
    drop: async () => {
      await manage('DELETE', `/vhosts/${vhost}`);
    },
  };
}

/** Wait for `count` dead letters of a queue and remove them. */
export function takeDeadLetters(broker: TestBroker, queue: string, count: number): Promise<QueuedMessage[]> {
  return broker.take(deadLetterQueueName(queue), count);
}

async function getOne(channel: Channel, queue: string): Promise<QueuedMessage | undefined> {
  const message = await channel.get(queue, { noAck: true });
  if (!message) return undefined;
  const { messageId, type, deliveryMode, headers = {} } = message.properties;
  return {
    body: message.content.toString(),
    routingKey: message.fields.routingKey,
    messageId,
    type,
    deliveryMode,
    headers,
  };
}

async function manage(method: string, path: string, body?: unknown): Promise<unknown> {
  const { origin, username, password } = new URL(requiredVariable('TEST_RABBITMQ_MANAGEMENT_URL'));
  const answer = await fetch(`${origin}/api${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${username || 'guest'}:${password || 'guest'}`)}`,
      'content-type': 'application/json',
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  // A connection may have ended before it is closed here.
  if (!answer.ok && !(method === 'DELETE' && answer.status === 404))
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined;
}

function requiredVariable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with "npm run test:int"`);
  return value;
}
