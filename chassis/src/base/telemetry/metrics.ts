import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type LabelledCounter, labelledCounter, labelledHistogram } from './labelled.ts';

// The buckets include the deadlines of the system, 1.5 s (a call of another service) and 2.5 s (a request), and its
// objective of 300 ms.
export const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 2.5, 5, 10];

/** Every label has a bounded set of values: never use an id, a key or a customer as one. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * The metrics of every service. Each call makes its own registry, so that several services can run in one test process.
 * Durations are in seconds, as Prometheus recommends (prometheus.io/docs/practices/naming).
 */
export function createMetrics(service: string, version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const metrics = {
    registry,
    ...requestMetrics(registers),
    ...batchMetrics(registers),
    ...outboxMetrics(registers),
    ...consumerMetrics(registers),
    ...feedMetrics(registers),
    ...processMetrics(registers),
  };
  new Gauge({ name: 'build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers }).set(
    { version, node: process.version },
    1,
  );
  startAtZero(metrics.idempotencyRequests, ['executed', 'replayed', 'in_progress', 'reused', 'taken_over']);
  return metrics;
}

/** Requests over HTTP. */
function requestMetrics(registers: Registry[]) {
  return {
    httpRequestDuration: labelledHistogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its response, in seconds.',
      labelNames: ['route', 'method', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
    requestsShed: new Counter({
      name: 'http_requests_shed_total',
      help: 'Requests shed before parsing because the event loop was saturated.',
      registers,
    }),
    internalRequests: labelledCounter({
      name: 'internal_requests_total',
      help: 'Requests from other services, by caller and by the token it sent: current or previous.',
      labelNames: ['caller', 'token'],
      registers,
    }),
    idempotencyRequests: labelledCounter({
      name: 'idempotency_requests_total',
      help: 'Requests with an Idempotency-Key, by result: executed, replayed, in_progress, reused or taken_over.',
      labelNames: ['result'],
      registers,
    }),
  };
}

/** Batches of requests. */
function batchMetrics(registers: Registry[]) {
  return {
    batchSize: labelledHistogram({
      name: 'batch_size',
      help: 'Requests per batch.',
      labelNames: ['stage'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    batchQueueLength: new Gauge({
      name: 'batch_queue_length',
      help: 'Requests waiting for a batch.',
      labelNames: ['stage'],
      registers,
    }),
    batchRefused: labelledCounter({
      name: 'batch_refused_total',
      help: 'Requests refused because the batch queue was full or their deadline passed in it. Nothing was done.',
      labelNames: ['stage'],
      registers,
    }),
  };
}

/** Messages to the broker. */
function outboxMetrics(registers: Registry[]) {
  return {
    outboxPending: new Gauge({ name: 'outbox_pending', help: 'Messages not yet confirmed by the broker.', registers }),
    outboxOldest: new Gauge({
      name: 'outbox_oldest_seconds',
      help: 'Age of the oldest message not yet confirmed by the broker, in seconds.',
      registers,
    }),
    outboxPublished: new Counter({
      name: 'outbox_published_total',
      help: 'Messages confirmed by the broker.',
      registers,
    }),
    outboxReturned: new Counter({
      name: 'outbox_returned_total',
      help: 'Messages returned by the broker as unroutable. They stay in the outbox and are sent again.',
      registers,
    }),
  };
}

/** Messages from the broker. */
function consumerMetrics(registers: Registry[]) {
  return {
    topologyDifferences: new Gauge({
      name: 'broker_topology_differences',
      help: '1 for each queue or exchange whose arguments at the broker differ from those that this process declares.',
      labelNames: ['queue'],
      registers,
    }),
    messagesHandled: labelledCounter({
      name: 'messages_handled_total',
      help: 'Deliveries by outcome: handled, duplicate, retried or dead_lettered.',
      labelNames: ['queue', 'outcome'],
      registers,
    }),
    messageAge: labelledHistogram({
      name: 'message_age_seconds',
      help: 'Time from the event to its handling, in seconds.',
      labelNames: ['queue'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800],
      registers,
    }),
    deadLettersOpen: new Gauge({
      name: 'dead_letters_open',
      help: 'Open dead letters. Counting stops at 10,000.',
      labelNames: ['queue'],
      registers,
    }),
  };
}

/** The feed of changes, and the clients that read it as a stream. */
function feedMetrics(registers: Registry[]) {
  return {
    feedWaiting: new Gauge({
      name: 'feed_waiting_seconds',
      help: 'Age of the oldest change that has no position in the feed yet, in seconds.',
      registers,
    }),
    streamClients: new Gauge({
      name: 'stream_clients',
      help: 'Clients that read the stream of events.',
      registers,
    }),
    streamClientsLimit: new Gauge({
      name: 'stream_clients_limit',
      help: 'Clients of the stream that this process serves at most; others get 503.',
      registers,
    }),
    streamClientsDropped: new Counter({
      name: 'stream_clients_dropped_total',
      help: 'Clients of the stream that were disconnected because they read too slowly.',
      registers,
    }),
  };
}

/** Reconciliation, the database and the log. */
function processMetrics(registers: Registry[]) {
  return {
    reconcileMismatches: new Gauge({
      name: 'reconcile_mismatches',
      help: 'Mismatches found by the last finished reconciliation, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    databaseAnswered: new Gauge({
      name: 'database_answered_timestamp_seconds',
      help: 'Time of the last check, made every 5 s, at which the database responded and accepted writes.',
      registers,
    }),
    logLinesDropped: new Counter({
      name: 'log_lines_dropped_total',
      help: 'Log lines dropped because the output could not be written: disk full, or pipe closed or not read.',
      registers,
    }),
    dbPoolConnections: new Gauge({
      name: 'db_pool_connections',
      help: 'Connections of the database pool, by state: used or idle.',
      labelNames: ['state'],
      registers,
    }),
    dbPoolWaiting: new Gauge({
      name: 'db_pool_waiting',
      help: 'Callers waiting for a database connection.',
      registers,
    }),
  };
}

/**
 * Expose these values of a counter's only label from the start: `rate()` misses the increment with which a series appears.
 */
export function startAtZero(counter: LabelledCounter, values: readonly string[]): void {
  for (const value of values) counter.of(value);
}
