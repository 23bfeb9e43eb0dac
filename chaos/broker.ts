import { eventually } from '@shop/chassis/testing/eventually.ts';
import { readQueue } from '@shop/chassis/testing/read-queue.ts';
import { brokerOf } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import { amqpUrl } from '@shop/local/servers/rabbitmq.ts';
import type { OrderEvent } from './evidence.ts';

const eventsQueue = 'chaos.events';
const MAX_READING_MS = 120_000;

export interface BrokerView {
  /** Creates a queue that collects every order event from now on until the end. */
  collectEvents: () => Promise<void>;
  /** Ready and unacknowledged messages in each queue except the collecting one. */
  depths: () => Promise<{ queue: string; messages: number }[]>;
  readEvents: () => Promise<OrderEvent[]>;
  /** Connections of the services, and their channels. */
  clients: () => Promise<{ connections: number; channels: number }>;
  /** Whether it blocks publishers because of a disk or memory alarm; undefined if it does not respond. */
  hasAlarm: () => Promise<boolean | undefined>;
}

/** The broker from outside, mostly through its management API. */
export function viewBroker({ plan, secrets }: System): BrokerView {
  const server = brokerOf(plan, secrets, '');
  const { user, password, ports } = server;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${ports.management}/api/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} failed with ${response.status}: ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  return {
    collectEvents: async () => {
      // The services declare the exchange when they have connected.
      await eventually(() => call<{ name: string }>('GET', 'exchanges/%2F/order_exchange'), 30_000);
      await call('PUT', `queues/%2F/${eventsQueue}`, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await call('POST', `bindings/%2F/e/order_exchange/q/${eventsQueue}`, { routing_key: '#' });
    },
    depths: async () => {
      // Without statistics, the totals are current instead of some seconds old.
      const query = 'disable_stats=true&enable_queue_totals=true';
      const queues = await call<{ name: string; messages?: number }[]>('GET', `queues/%2F?${query}`);
      return queues
        .filter(({ name }) => name !== eventsQueue)
        .map(({ name, messages }) => ({ queue: name, messages: messages ?? 0 }));
    },
    readEvents: async () => (await readQueue(amqpUrl(server), eventsQueue, MAX_READING_MS)).map(toEvent),
    clients: async () => ({
      connections: (await call<unknown[]>('GET', 'connections')).length,
      channels: (await call<unknown[]>('GET', 'channels')).length,
    }),
    hasAlarm: async () => {
      try {
        const response = await fetch(`http://127.0.0.1:${ports.management}/api/health/checks/local-alarms`, {
          headers: { authorization },
          signal: AbortSignal.timeout(2_000),
        });
        await response.body?.cancel();
        return { 200: false, 503: true }[response.status];
      } catch {
        return undefined;
      }
    },
  };
}

function toEvent(text: string): OrderEvent {
  const { id, type, payload } = JSON.parse(text) as {
    id: string;
    type: string;
    payload: { orderId: string; version: number };
  };
  return { messageId: id, type, orderId: payload.orderId, version: payload.version };
}
