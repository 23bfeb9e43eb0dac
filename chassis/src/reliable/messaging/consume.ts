import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Database } from '../postgres/connections.ts';
import { databaseFault } from '../postgres/faults.ts';
import type { Logger, Metrics, Span, Tracing } from '../telemetry.ts';
import { readTraceparent } from '../trace-context.ts';
import { type Broker, closeChannel } from './connection.ts';
import { unansweredDeliveries } from './delivery-counts.ts';
import { DELIVERY_LIMIT_REACHED, lostConsumers, toDeadLetter, toRetry } from './failures.ts';
import { type Fate, type Handle, handleBatch, type IncomingMessage } from './handle-batch.ts';
import type { MessageDefinition } from './message-definition.ts';
import type { OutgoingMessage } from './publish.ts';
import { faultOfSize, readDelivery, TOO_LARGE } from './read-delivery.ts';
import { type Subject, subjectInLog } from './subject.ts';
import { DELIVERY_LIMIT, RETRY_DELAYS_MS } from './topology.ts';

/*
 * Deliveries that arrive while a batch runs form the next one: one transaction with their inbox rows, then one ack.
 *
 *   handled, duplicate          -> ack
 *   handler failed              -> copy to the next retry queue (or dead-letter queue), confirmed, then ack
 *   unparseable, told hopeless  -> copy to the dead-letter queue, confirmed, then ack
 *   copy not confirmed          -> nack: it comes again, and the inbox or the handler's state decides
 *   too large                   -> rejected on arrival: the broker moves it, and we keep nothing of it in memory
 *   own database away, or takes -> paused: nothing is answered, no attempt counts
 *   no writes
 *   we crash                    -> the broker delivers again, up to the queue's delivery-limit
 *
 * Paused, the deliveries are held for a while, because giving them back counts against their delivery-limit; in a
 * longer outage the channel is closed (one count), so that they do not sit in a process that cannot use them.
 *
 * A message that kills the process counts one delivery more for all that the process held, and would take them along
 * to the dead letters. So what has come back a few times is a suspect: it is handled alone and answered before the next,
 * and a new subscription is careful, with one delivery at a time, until it has met one that is no suspect:
 *
 *   careful -> wide    a delivery that is no suspect was handled
 */

export interface ConsumerOptions<Definition extends MessageDefinition> {
  queue: string;
  definitions: readonly Definition[];
  handle: Handle<Definition>;
  broker: Broker;
  pool: Database;
  metrics: Metrics;
  log: Logger;
  tracing?: Tracing;
  /** What its messages are about. */
  subject?: Subject;
  /** Deliveries held at most, and so the largest batch. */
  prefetch?: number;
  retryDelaysMs?: readonly number[];
  /** The queue's own. */
  deliveryLimit?: number;
  /** How long deliveries are held while the database is away. */
  holdMs?: number;
  /** How long it waits, paused, before it asks the database again. */
  probeIntervalMs?: number;
}

export interface Consumer {
  /** Take no more deliveries, finish the running batch, give back the rest. */
  stop(): Promise<void>;
}

// As many as one batch may have; a second batch is not fetched ahead, the broker is near.
const PREFETCH = 256;
// A large backlog of large messages would fill the memory when all of a batch are parsed.
const BATCH_BYTES = 4 * 1024 * 1024;
// Once may be a deployment or a lost connection. The fewer, the slower it goes on after one; the more, the more innocent
// messages come near their limit.
const SUSPECT_AFTER = 2;
const PROBE_INTERVAL_MS = 1_000;
// Below the broker's own patience with an unanswered delivery (30 minutes), above a restart of the database.
const HOLD_MS = 60_000;
// A statement that always times out looks like an outage. When the database works right after it, this often in a row, it
// is the message's fault.
const OUTAGES_BELIEVED = 3;
// A broker that takes the delivery back but not its copy would hand the same delivery out again at once.
const NACK_DELAY_MS = 1_000;
const STOP_TIMEOUT_MS = 6_000;

interface Subscription {
  model: ChannelModel;
  channel: Channel;
  consumerTag: string;
  waiting: ConsumeMessage[];
  careful: boolean;
  closed: boolean;
}

/** Consume a queue for as long as the process lives, through every reconnect. */
export function startConsumer<Definition extends MessageDefinition>(options: ConsumerOptions<Definition>): Consumer {
  const {
    queue,
    broker,
    pool,
    log,
    tracing,
    prefetch = PREFETCH,
    holdMs = HOLD_MS,
    probeIntervalMs = PROBE_INTERVAL_MS,
    deliveryLimit = DELIVERY_LIMIT,
  } = options;
  let model: ChannelModel | undefined;
  let subscription: Subscription | undefined;
  let subscribing: Promise<void> | undefined;
  let pumping: Promise<void> | undefined;
  let released = false; // in a long outage: nothing is consumed until it is over
  const stopping = new AbortController();

  async function subscribe(to: ChannelModel): Promise<void> {
    model = to;
    if (released || stopping.signal.aborted) return;
    const channel = await to.createChannel();
    const own: Subscription = { model: to, channel, consumerTag: '', waiting: [], careful: true, closed: false };
    channel.on('error', (error) => log.warn({ err: error, queue }, 'the broker closed a consumer'));
    channel.on('close', () => {
      if (own.closed) return;
      own.closed = true; // not by us: what it delivered comes again over the next one
      broker.reconnect(to, `the channel of ${queue} closed`);
    });
    subscription = own;
    await consume(own, 1);
    if (stopping.signal.aborted) await unsubscribe(own); // nobody would handle what it gets
  }

  async function consume(own: Subscription, atOnce: number): Promise<void> {
    await own.channel.prefetch(atOnce); // of the consumer that follows
    const { consumerTag } = await own.channel.consume(queue, (delivery) => {
      if (!delivery) return broker.reconnect(own.model, `the broker cancelled the consumer of ${queue}`);
      const fault = faultOfSize(delivery.content);
      if (fault !== undefined) return refuse(own, delivery, fault);
      own.waiting.push(delivery);
      pump();
    });
    own.consumerTag = consumerTag;
  }

  function refuse({ channel }: Subscription, delivery: ConsumeMessage, detail: string): void {
    try {
      channel.reject(delivery, false);
    } catch {
      return; // the channel is gone: it comes again
    }
    count({ delivery, fate: { kind: 'dead-letter', reason: TOO_LARGE, detail } }, 'dead_lettered');
  }

  /** Close a channel of ours; the broker takes back what was not answered. */
  async function unsubscribe(from: Subscription): Promise<void> {
    if (from.closed) return;
    from.closed = true;
    await closeChannel(from.channel);
  }

  function pump(): void {
    pumping ??= run()
      .catch((error: Error) => {
        log.error({ err: error, queue }, 'a consumer failed');
        // The batch is unanswered, and the ack of a later one on the same channel would include it.
        if (subscription) broker.reconnect(subscription.model, error.message);
      })
      .finally(() => {
        pumping = undefined;
        if (hasWork()) pump();
      });
  }

  function hasWork(): boolean {
    return (
      !stopping.signal.aborted && subscription !== undefined && !subscription.closed && subscription.waiting.length > 0
    );
  }

  async function run(): Promise<void> {
    await nextTurn(); // deliveries that came in the same read share the first batch
    while (hasWork() && subscription) {
      const from = subscription;
      const batch = from.waiting.splice(0, sizeOfBatch(from.waiting, prefetch));
      await takeBatch(from, batch);
    }
  }

  async function takeBatch(from: Subscription, deliveries: ConsumeMessage[]): Promise<void> {
    const readings = deliveries.map((delivery) => read(delivery, options.definitions, deliveryLimit));
    const spans = tracing && startSpans(tracing, queue, options.subject, readings);
    const settled = await settle(from, readings);
    spans?.forEach((span, index) => {
      span.end(outcomeOf(settled?.[index]?.fate));
    });
    if (!settled) return;
    // They have had their effect, whatever becomes of the answer.
    for (const one of settled) if (needsNoCopy(one)) count(one, undefined);
    const widens = from.careful && !deliveries.some(isSuspect);
    // Before the answer, while no other delivery can be on its way here: it would go back and count as one in vain.
    if (widens) await from.channel.cancel(from.consumerTag);
    await answer(from, settled);
    if (!widens || from.closed || stopping.signal.aborted) return;
    from.careful = false;
    await consume(from, prefetch);
  }

  /** What became of each delivery; undefined when the outage outlasted our patience, or we are stopping. */
  async function settle(from: Subscription, readings: Reading<Definition>[]): Promise<Settled[] | undefined> {
    const incoming = readings.flatMap(({ incoming }) => incoming ?? []);
    for (let believed = 0; ; ) {
      const isOutage = async (error: unknown) => {
        const pausing = databaseFault(error)?.consumer;
        if (pausing === 'pauses thrice') return believed < OUTAGES_BELIEVED || !(await pool.takesWrites());
        return pausing === 'pauses';
      };
      const batch = incoming.length > 0 ? tracing?.startBatch(`handle ${queue}`, incoming) : undefined;
      try {
        const fates = incoming.length > 0 ? await handleBatch({ ...options, isOutage }, incoming) : [];
        const inOrder = fates.values();
        return readings.map((reading) => ({ ...reading, fate: reading.refused ?? (inOrder.next().value as Fate) }));
      } catch (error) {
        log.warn({ err: error, queue }, 'the database cannot do its work; the consumer pauses');
        const probes = await waitForDatabase();
        if (probes === undefined || from.closed) return undefined;
        believed = probes === 1 ? believed + 1 : 0;
      } finally {
        batch?.end();
      }
    }
  }

  /** How many probes it took until the database answered; undefined when the consumer stops meanwhile. */
  async function waitForDatabase(): Promise<number | undefined> {
    const since = performance.now();
    for (let probes = 1; ; probes += 1) {
      await sleep(probeIntervalMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return undefined;
      if (await pool.takesWrites()) {
        if (released) await resume();
        return probes;
      }
      if (!released && performance.now() - since > holdMs) {
        released = true;
        if (subscription) await unsubscribe(subscription);
      }
    }
  }

  async function resume(): Promise<void> {
    released = false;
    const on = model;
    if (on) await subscribe(on).catch((error: Error) => broker.reconnect(on, error.message));
  }

  async function answer(from: Subscription, settled: Settled[]): Promise<void> {
    const copies = settled.map((one) => toCopy(one));
    const toPublish = copies.flatMap((copy) => copy?.message ?? []);
    const outcomes = toPublish.length > 0 ? await broker.publish(toPublish) : [];
    const lost = new Set(toPublish.filter((_, index) => outcomes[index] !== 'confirmed'));
    const done = settled.filter((_, index) => !lost.has(copies[index]?.message as OutgoingMessage));
    if (lost.size > 0) {
      log.error({ queue, messages: lost.size }, 'failed messages could not be set aside; they will be delivered again');
      await sleep(NACK_DELAY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
    settled.forEach((one, index) => {
      if (!needsNoCopy(one) && done.includes(one)) count(one, copies[index]?.outcome);
    });
    try {
      for (const one of settled) if (!done.includes(one)) from.channel.nack(one.delivery, false, true);
      // Everything before it is answered by now, so one ack is for all that are left.
      const last = done.at(-1);
      if (last) from.channel.ack(last.delivery, true);
    } catch {
      // The channel is gone: all of it comes again, and the inbox drops what has had its effect.
    }
  }

  function toCopy({ delivery, fate }: Settled): ReturnType<typeof toRetry> | undefined {
    if (fate.kind === 'dead-letter') return { outcome: 'dead_lettered', message: toDeadLetter(queue, delivery, fate) };
    if (fate.kind !== 'failed') return undefined;
    const delaysMs = options.retryDelaysMs ?? RETRY_DELAYS_MS;
    return toRetry(queue, delivery, fate.error, { service: broker.name, delaysMs, now: new Date() });
  }

  function count({ delivery, incoming, fate }: Settled, copied: 'retried' | 'dead_lettered' | undefined): void {
    const { messagesHandled, messageAge } = options.metrics;
    messagesHandled.of(queue, copied ?? fate.kind).inc();
    if (fate.kind === 'handled' && incoming)
      messageAge.of(queue).observe(Math.max(0, Date.now() - Date.parse(incoming.message.occurredAt)) / 1_000);
    const subjectId = incoming && options.subject?.idIn(incoming.message.payload);
    const about = { queue, ...describe(delivery, incoming), ...subjectInLog(options.subject, subjectId) };
    if (fate.kind === 'failed')
      log[copied === 'retried' ? 'warn' : 'error']({ ...about, err: fate.error }, `a message failed and was ${copied}`);
    else if (fate.kind === 'dead-letter') log.error({ ...about, ...fate }, 'a message was dead-lettered');
    else log.info({ ...about, outcome: fate.kind }, 'message');
  }

  const detach = broker.onConnection((to) => {
    subscribing = subscribe(to);
    return subscribing;
  });

  return {
    async stop() {
      stopping.abort();
      detach();
      const finish = async () => {
        await subscribing?.catch(() => {});
        const last = subscription;
        if (last && !last.closed) await last.channel.cancel(last.consumerTag).catch(() => {});
        await pumping;
        if (last) await unsubscribe(last);
      };
      await Promise.race([finish(), sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

interface Reading<Definition extends MessageDefinition> {
  delivery: ConsumeMessage;
  /** Absent when it was refused. */
  incoming?: IncomingMessage<Definition>;
  refused?: Fate & { kind: 'dead-letter' };
}

type Settled = Reading<MessageDefinition> & { fate: Fate };

function needsNoCopy({ fate }: Settled): boolean {
  return fate.kind === 'handled' || fate.kind === 'duplicate';
}

function read<Definition extends MessageDefinition>(
  delivery: ConsumeMessage,
  definitions: readonly Definition[],
  deliveryLimit: number,
): Reading<Definition> {
  const unanswered = unansweredDeliveries(delivery);
  // Before the broker does it, one delivery later: it counts anew for each copy, and cannot say what happened.
  if (unanswered >= deliveryLimit)
    return {
      delivery,
      refused: { kind: 'dead-letter', reason: DELIVERY_LIMIT_REACHED, detail: lostConsumers(unanswered) },
    };
  const outcome = readDelivery(delivery.content, definitions);
  if (outcome.kind === 'refused')
    return { delivery, refused: { kind: 'dead-letter', reason: outcome.reason, detail: outcome.detail } };
  const headers: Record<string, unknown> = delivery.properties.headers ?? {};
  const traceparent = typeof headers.traceparent === 'string' ? headers.traceparent : undefined;
  const { definition, message } = outcome;
  return { delivery, incoming: { message, definition, traceparent, headers } as IncomingMessage<Definition> };
}

/** Who a message is, for its log line. Its content is never logged. */
function describe({ properties }: ConsumeMessage, incoming: IncomingMessage<MessageDefinition> | undefined) {
  return {
    messageId: properties.messageId,
    messageType: properties.type,
    traceId: readTraceparent(incoming?.traceparent ?? properties.headers?.traceparent)?.traceId,
    requestId: incoming?.message.correlationId,
  };
}

/** One for each delivery; what it causes is caused by that span. Without a trace context, it joins the request's trace. */
function startSpans<Definition extends MessageDefinition>(
  tracing: Tracing,
  queue: string,
  subject: Subject | undefined,
  readings: readonly Reading<Definition>[],
): Span[] {
  return readings.map(({ delivery, incoming }) => {
    const { messageId, messageType, requestId } = describe(delivery, incoming);
    const span = tracing.start(`process ${queue}`, {
      kind: 'consumer',
      parent: incoming?.traceparent ?? (delivery.properties.headers?.traceparent as string | undefined),
      traceId: requestId,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.operation.type': 'process',
        'messaging.destination.name': queue,
        'messaging.message.id': messageId,
        'shop.message.type': messageType,
        ...(subject && incoming && { [subject.spanAttribute]: subject.idIn(incoming.message.payload) }),
      },
    });
    if (incoming) incoming.traceparent = span.traceparent;
    return span;
  });
}

function outcomeOf(fate: Fate | undefined): Parameters<Span['end']>[0] {
  const outcome = fate?.kind ?? 'unanswered';
  const failed = outcome === 'handled' || outcome === 'duplicate' ? undefined : outcome;
  return { attributes: { 'shop.message.outcome': outcome }, failed };
}

/** One suspect alone; or as many as precede the next suspect and fit. */
function sizeOfBatch(waiting: readonly ConsumeMessage[], atMost: number): number {
  let bytes = 0;
  const end = waiting.findIndex((delivery, index) => {
    bytes += delivery.content.length;
    return index > 0 && (index >= atMost || isSuspect(delivery) || bytes > BATCH_BYTES);
  });
  const [first] = waiting;
  if (first && isSuspect(first)) return 1;
  return end === -1 ? waiting.length : end;
}

function isSuspect(delivery: ConsumeMessage): boolean {
  return unansweredDeliveries(delivery) >= SUSPECT_AFTER;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
