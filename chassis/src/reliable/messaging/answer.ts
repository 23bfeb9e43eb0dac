import type { Channel } from 'amqplib';
import type { Logger, Metrics } from '../telemetry.ts';
import type { Broker } from './connection.ts';
import { toDeadLetter, toRetry } from './failures.ts';
import type { OutgoingMessage } from './publish.ts';
import { describe, type Settled } from './read-delivery.ts';
import { type Subject, subjectInLog } from './subject.ts';

/** What became of each delivery is counted and logged. */
export interface Reporting {
  queue: string;
  metrics: Pick<Metrics, 'messagesHandled' | 'messageAge'>;
  log: Logger;
  subject?: Subject;
}

export interface AnswerOptions extends Reporting {
  broker: Broker;
  retryDelaysMs: readonly number[];
  /** Waits before what could not be set aside is given back. */
  pause: (ms: number) => Promise<void>;
}

/** A copy of a delivery, for the next retry queue or for the dead-letter queue. */
type Copy = ReturnType<typeof toRetry>;

// A broker that takes the delivery back but not its copy would hand the same delivery out again at once.
const NACK_DELAY_MS = 1_000;

/** Whether a delivery only has to be acknowledged. */
export function needsNoCopy({ fate }: Settled): boolean {
  return fate.kind === 'handled' || fate.kind === 'duplicate';
}

/** Put the failed ones where they belong, and acknowledge all; what could not be set aside goes back to the queue. */
export async function answer(options: AnswerOptions, channel: Channel, settled: readonly Settled[]): Promise<void> {
  const { queue, log, broker, pause } = options;
  const copies = settled.map((one) => toCopy(options, one));
  const lost = await publishAll(
    broker,
    copies.flatMap((copy) => copy?.message ?? []),
  );
  const isLost = settled.map((_, index) => lost.has(copies[index]?.message));
  if (lost.size > 0) {
    log.error({ queue, messages: lost.size }, 'could not publish failed messages; they will be redelivered');
    await pause(NACK_DELAY_MS);
  }
  settled.forEach((one, index) => {
    if (!needsNoCopy(one) && !isLost[index]) report(options, one, copies[index]?.outcome);
  });
  try {
    for (const [index, { delivery }] of settled.entries()) if (isLost[index]) channel.nack(delivery, false, true);
    // Everything before it is answered by now, so one ack is for all that are left.
    const last = settled.findLast((_, index) => !isLost[index]);
    if (last) channel.ack(last.delivery, true);
  } catch {
    // The channel is gone: all of it comes again, and the inbox drops what has had its effect.
  }
}

/** Publish copies; returns those that the broker did not confirm. */
async function publishAll(broker: Broker, messages: OutgoingMessage[]): Promise<Set<OutgoingMessage | undefined>> {
  const outcomes = messages.length > 0 ? await broker.publish(messages) : [];
  return new Set(messages.filter((_, index) => outcomes[index] !== 'confirmed'));
}

function toCopy({ queue, broker, retryDelaysMs }: AnswerOptions, { delivery, fate }: Settled): Copy | undefined {
  if (fate.kind === 'dead-letter') return { outcome: 'dead_lettered', message: toDeadLetter(queue, delivery, fate) };
  if (fate.kind !== 'failed') return undefined;
  return toRetry(queue, delivery, fate.error, { service: broker.name, delaysMs: retryDelaysMs, now: new Date() });
}

/** Count and log what became of a delivery; `copied` says where it went, if a copy was made. */
export function report(to: Reporting, settled: Settled, copied?: Copy['outcome']): void {
  const { queue, metrics, log, subject } = to;
  const { incoming, fate } = settled;
  metrics.messagesHandled.of(queue, copied ?? fate.kind).inc();
  if (fate.kind === 'handled' && incoming)
    metrics.messageAge.of(queue).observe(Math.max(0, Date.now() - Date.parse(incoming.message.occurredAt)) / 1_000);
  const subjectId = incoming && subject?.idIn(incoming.message.payload);
  const about = { queue, ...describe(settled), ...subjectInLog(subject, subjectId) };
  if (fate.kind === 'failed')
    log[copied === 'retried' ? 'warn' : 'error']({ ...about, err: fate.error }, `message failed and was ${copied}`);
  else if (fate.kind === 'dead-letter') log.error({ ...about, ...fate }, 'message dead-lettered');
  else log.info({ ...about, outcome: fate.kind }, 'message handled');
}
