import { hostname } from 'node:os';
import type { ConsumeMessage } from 'amqplib';
import { failedAttempts, unansweredDeliveries } from './delivery-counts.ts';
import type { OutgoingMessage } from './publish.ts';
import { deadLetterQueueName, retryQueueName } from './topology.ts';

/*
 * Copies of deliveries that could not be handled, for a retry queue or the dead-letter queue. Their headers:
 *   x-attempts         number of failed attempts
 *   x-unanswered       number of deliveries that were never acknowledged, because the consumer crashed
 *   x-history          each failed attempt: {at, message, stack, service, host}
 *   x-reason           dead letters: short code of the reason
 *   x-detail           dead letters: the reason for people; after the last attempt, the stack of its error
 *   x-routing-key      original routing key, which the retry queues replace
 *   x-dead-letter-id   replayed messages: id of the dead letter
 *   x-replay           replayed messages: how many times it has been replayed
 * A message dead-lettered by the broker (delivery limit reached, or rejected because of its size) has only the broker's
 * `x-death`.
 */

/** Reason: the handler failed at every attempt. */
export const ATTEMPTS_EXHAUSTED = 'attempts-exhausted';

/** Reason: the delivery limit was reached, as counted by the broker or by the consumer. */
export const DELIVERY_LIMIT_REACHED = 'delivery-limit';

// The errors of six attempts must fit into the headers of one message, of which amqplib writes at most 64 KiB.
const LONGEST_MESSAGE_BYTES = 1_000;
const LONGEST_STACK_BYTES = 4_000;

/** The detail of a dead letter whose delivery limit was reached. */
export function lostConsumers(deliveries: number): string {
  return `${deliveries} deliveries were not acknowledged: the consumer crashed or lost its connection`;
}

/** A copy for the next retry queue, or for the dead-letter queue when all delays are used up. */
export function toRetry(
  queue: string,
  delivery: ConsumeMessage,
  error: unknown,
  { service, delaysMs, now }: { service: string; delaysMs: readonly number[]; now: Date },
): { outcome: 'retried' | 'dead_lettered'; message: OutgoingMessage } {
  const failed = isErrorLike(error) ? error : new Error(String(error));
  const stack = cut(failed.stack ?? failed.message, LONGEST_STACK_BYTES);
  const earlier = delivery.properties.headers ?? {};
  const history: unknown[] = Array.isArray(earlier['x-history']) ? earlier['x-history'] : [];
  const attempt = {
    at: now.toISOString(),
    message: cut(failed.message, LONGEST_MESSAGE_BYTES),
    stack,
    service,
    host: hostname(),
  };
  const attempts = failedAttempts(delivery) + 1;
  const headers = { 'x-attempts': attempts, 'x-history': [...history, attempt] };
  const delay = delaysMs[attempts - 1];
  if (delay !== undefined)
    return { outcome: 'retried', message: copyOf(delivery, retryQueueName(queue, delay), headers) };
  const reason = { 'x-reason': ATTEMPTS_EXHAUSTED, 'x-detail': stack };
  return {
    outcome: 'dead_lettered',
    message: copyOf(delivery, deadLetterQueueName(queue), { ...headers, ...reason }),
  };
}

/** A copy for the dead-letter queue of a message that cannot succeed. */
export function toDeadLetter(
  queue: string,
  delivery: ConsumeMessage,
  { reason, detail }: { reason: string; detail?: string },
): OutgoingMessage {
  return copyOf(delivery, deadLetterQueueName(queue), {
    // At the delivery limit, the message is not handled again, so there is no further attempt to count.
    'x-attempts': failedAttempts(delivery) + (reason === DELIVERY_LIMIT_REACHED ? 0 : 1),
    'x-reason': reason,
    ...(detail === undefined ? {} : { 'x-detail': cut(detail, LONGEST_STACK_BYTES) }),
  });
}

/** Checks the shape, because `instanceof` fails for errors from another realm (a worker, a VM context). */
function isErrorLike(error: unknown): error is Error {
  return typeof (error as Partial<Error> | undefined)?.message === 'string';
}

function copyOf(delivery: ConsumeMessage, queue: string, headers: Record<string, unknown>): OutgoingMessage {
  const { messageId, type, timestamp } = delivery.properties;
  const unanswered = unansweredDeliveries(delivery);
  return {
    exchange: '',
    routingKey: queue,
    mandatory: true,
    body: delivery.content,
    // Missing in messages published by hand. The delivery's place in its channel replaces it.
    messageId: String(messageId ?? `unnamed-${delivery.fields.consumerTag}-${delivery.fields.deliveryTag}`),
    type: typeof type === 'string' ? type : undefined,
    occurredAt: typeof timestamp === 'number' ? new Date(timestamp * 1_000) : undefined,
    headers: {
      'x-routing-key': delivery.fields.routingKey,
      ...ownHeaders(delivery),
      ...(unanswered > 0 && { 'x-unanswered': unanswered }),
      ...headers,
    },
  };
}

/** The headers, without those that the broker adds: they describe the delivery, not the message. */
function ownHeaders(delivery: ConsumeMessage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(delivery.properties.headers ?? {}).filter(
      ([name]) => !/^x-(death|first-death-.*|last-death-.*|delivery-count|acquired-count)$/.test(name),
    ),
  );
}

function cut(text: string, bytes: number): string {
  return Buffer.from(text).subarray(0, bytes).toString();
}
