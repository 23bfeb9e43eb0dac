import { hostname } from 'node:os';
import type { ConsumeMessage } from 'amqplib';
import { failedAttempts, unansweredDeliveries } from './delivery-counts.ts';
import type { OutgoingMessage } from './publish.ts';
import { deadLetterQueueName, retryQueueName } from './topology.ts';

/*
 * Where a delivery goes that could not be handled, and what it tells about it, in its headers:
 *   x-attempts  how many attempts have failed
 *   x-unanswered  how many deliveries have ended with their consumer's death instead of an answer
 *   x-history   each failed attempt: {at, message, stack, service, host}
 *   x-reason    on a dead letter: why it is one, a short code
 *   x-detail    on a dead letter: the same for people; after the last attempt, the stack of its error
 *   x-routing-key      what it was first published with, which the queues that it went through have replaced
 *   x-dead-letter-id   on a replayed one: which dead letter it is,
 *   x-replay           and how many times that has been replayed
 * A dead letter that the broker made (delivery limit reached, or rejected for its length) has only the broker's own
 * `x-death`.
 */

/** The reason of a dead letter whose handler failed at every attempt. */
export const ATTEMPTS_EXHAUSTED = 'attempts-exhausted';

/** The reason of a dead letter whose consumers died, whether the broker counted that or we did. */
export const DELIVERY_LIMIT_REACHED = 'delivery-limit';

// The errors of six attempts must fit into the headers of one message: amqplib writes at most 64 KiB of them.
const LONGEST_MESSAGE_BYTES = 1_000;
const LONGEST_STACK_BYTES = 4_000;

/** What a dead letter says whose consumers died. */
export function lostConsumers(deliveries: number): string {
  return `${deliveries} deliveries ended with their consumer's death, or its connection's, instead of an answer`;
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

/** A copy for the dead-letter queue of a delivery that no further attempt would help. */
export function toDeadLetter(
  queue: string,
  delivery: ConsumeMessage,
  { reason, detail }: { reason: string; detail?: string },
): OutgoingMessage {
  return copyOf(delivery, deadLetterQueueName(queue), {
    // A message that nobody dared to handle once more has had no further attempt.
    'x-attempts': failedAttempts(delivery) + (reason === DELIVERY_LIMIT_REACHED ? 0 : 1),
    'x-reason': reason,
    ...(detail === undefined ? {} : { 'x-detail': cut(detail, LONGEST_STACK_BYTES) }),
  });
}

/** By its shape, for an error may come from another realm (a worker, a VM context). */
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
    // Whoever published by hand may have left it out; ours is then the delivery's place in its channel.
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

/** The headers without those that the broker writes for itself: they tell of the delivery, not of the message. */
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
