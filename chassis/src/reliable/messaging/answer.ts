import type { Channel } from 'amqplib';
import type { Logger, Metrics } from '../telemetry.ts';
import type { Broker } from './connection.ts';
import { toDeadLetter, toRetry } from './failures.ts';
import type { OutgoingMessage } from './publish.ts';
import { describe, type Processed } from './read-delivery.ts';
import { type Subject, subjectInLog } from './subject.ts';

/** Needed to count and log the outcome of each delivery. */
export interface Reporting {
  queue: string;
  metrics: Pick<Metrics, 'messagesHandled' | 'messageAge'>;
  now: () => Date;
  log: Logger;
  subject?: Subject;
}

export interface AnswerOptions extends Reporting {
  broker: Broker;
  retryDelaysMs: readonly number[];
  /** Waits before messages whose copy could not be published are returned to the queue. */
  pause: (ms: number) => Promise<void>;
}

/** A copy of a delivery, for the next retry queue or for the dead-letter queue. */
type Copy = ReturnType<typeof toRetry>;

// Without a delay, a broker that does not accept the copy would redeliver the message immediately, in a loop.
const NACK_DELAY_MS = 1_000;

/** Whether a delivery only has to be acknowledged. */
export function needsNoCopy({ fate }: Processed): boolean {
  return fate.kind === 'handled' || fate.kind === 'duplicate';
}

/**
 * Publish copies of failed messages, and acknowledge all deliveries. If a copy is not confirmed, its delivery is requeued.
 */
export async function answer(options: AnswerOptions, channel: Channel, processed: readonly Processed[]): Promise<void> {
  const { queue, log, broker, pause } = options;
  const copies = processed.map((one) => toCopy(options, one));
  const lost = await publishAll(
    broker,
    copies.flatMap((copy) => copy?.message ?? []),
  );
  const isLost = processed.map((_, index) => lost.has(copies[index]?.message));
  if (lost.size > 0) {
    log.error({ queue, messages: lost.size }, 'could not publish failed messages; they will be redelivered');
    await pause(NACK_DELAY_MS);
  }
  processed.forEach((one, index) => {
    if (!needsNoCopy(one) && !isLost[index]) report(options, one, copies[index]?.outcome);
  });
  try {
    for (const [index, { delivery }] of processed.entries()) if (isLost[index]) channel.nack(delivery, false, true);
    // All earlier deliveries that are requeued have been nacked, so one cumulative ack covers the rest.
    const last = processed.findLast((_, index) => !isLost[index]);
    if (last) channel.ack(last.delivery, true);
  } catch {
    // The channel is closed: everything is redelivered, and the inbox drops what has taken effect.
  }
}

/** Publish copies, and return those that the broker did not confirm. */
async function publishAll(broker: Broker, messages: OutgoingMessage[]): Promise<Set<OutgoingMessage | undefined>> {
  const outcomes = messages.length > 0 ? await broker.publish(messages) : [];
  return new Set(messages.filter((_, index) => outcomes[index] !== 'confirmed'));
}

function toCopy({ queue, broker, retryDelaysMs, now }: AnswerOptions, { delivery, fate }: Processed): Copy | undefined {
  if (fate.kind === 'dead-letter') return { outcome: 'dead_lettered', message: toDeadLetter(queue, delivery, fate) };
  if (fate.kind !== 'failed') return undefined;
  return toRetry(queue, delivery, fate.error, { service: broker.name, delaysMs: retryDelaysMs, now: now() });
}

/** Count and log the outcome of a delivery; `copied` is where its copy went, if there is one. */
export function report(to: Reporting, processed: Processed, copied?: Copy['outcome']): void {
  const { queue, metrics, now, log, subject } = to;
  const { incoming, fate } = processed;
  metrics.messagesHandled.of(queue, copied ?? fate.kind).inc();
  if (fate.kind === 'handled' && incoming)
    metrics.messageAge
      .of(queue)
      .observe(Math.max(0, now().getTime() - Date.parse(incoming.message.occurredAt)) / 1_000);
  const subjectId = incoming && subject?.idIn(incoming.message.payload);
  const about = { queue, ...describe(processed), ...subjectInLog(subject, subjectId) };
  if (fate.kind === 'failed')
    log[copied === 'retried' ? 'warn' : 'error']({ ...about, err: fate.error }, `message failed and was ${copied}`);
  else if (fate.kind === 'dead-letter') log.error({ ...about, ...fate }, 'message dead-lettered');
  else log.info({ ...about, outcome: fate.kind }, 'message handled');
}
