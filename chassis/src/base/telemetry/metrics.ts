import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type LabelledCounter, labelledCounter, labelledHistogram } from './labelled.ts';

// The deadlines of the system are 1.5 s (a call of another service) and 2.5 s (a request), and its goal is 300 ms: the buckets must tell them
// apart.
export const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 2.5, 5, 10];

/** Every label has a bounded set of values; an id, a key or a customer never becomes one. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * What every service measures, in a registry of their own, so that several services can live in one test process.
 * Durations are in seconds, as Prometheus asks (prometheus.io/docs/practices/naming).
 */
export function createMetrics(service: string, version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const metrics = {
    registry,
    httpRequestDuration: labelledHistogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer.',
      labelNames: ['route', 'method', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
    requestsShed: new Counter({
      name: 'http_requests_shed_total',
      help: 'Requests that were refused unseen, because the process was behind.',
      registers,
    }),
    internalRequests: labelledCounter({
      name: 'internal_requests_total',
      help: 'Requests from other services, by caller and by which of its two tokens it sent: current or previous.',
      labelNames: ['caller', 'token'],
      registers,
    }),
    idempotencyRequests: labelledCounter({
      name: 'idempotency_requests_total',
      help: 'Keyed requests: executed, replayed, in_progress, reused or taken_over.',
      labelNames: ['result'],
      registers,
    }),
    batchSize: labelledHistogram({
      name: 'batch_size',
      help: 'Members of a batch.',
      labelNames: ['stage'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    batchQueueLength: new Gauge({
      name: 'batch_queue_length',
      help: 'Members that wait for a batch.',
      labelNames: ['stage'],
      registers,
    }),
    batchRefused: labelledCounter({
      name: 'batch_refused_total',
      help: 'Members that found the queue of a batch full, or whose time was over in it: nothing was done.',
      labelNames: ['stage'],
      registers,
    }),
    outboxPending: new Gauge({ name: 'outbox_pending', help: 'Messages not yet confirmed by the broker.', registers }),
    outboxOldest: new Gauge({
      name: 'outbox_oldest_seconds',
      help: 'Age of the oldest message not yet confirmed by the broker.',
      registers,
    }),
    outboxPublished: new Counter({
      name: 'outbox_published_total',
      help: 'Messages confirmed by the broker.',
      registers,
    }),
    outboxReturned: new Counter({
      name: 'outbox_returned_total',
      help: 'Messages that the broker sent back, for no queue takes them; they are kept and sent again.',
      registers,
    }),
    topologyDifferences: new Gauge({
      name: 'broker_topology_differences',
      help: '1 for each queue or exchange that the broker has with other arguments than this process declares.',
      labelNames: ['queue'],
      registers,
    }),
    messagesHandled: labelledCounter({
      name: 'messages_handled_total',
      help: 'Deliveries by what became of them: handled, duplicate, retried or dead_lettered.',
      labelNames: ['queue', 'outcome'],
      registers,
    }),
    messageAge: labelledHistogram({
      name: 'message_age_seconds',
      help: 'From the fact to its handling.',
      labelNames: ['queue'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800],
      registers,
    }),
    deadLettersOpen: new Gauge({
      name: 'dead_letters_open',
      help: 'Dead letters that wait for a person; at most 10,000 are counted.',
      labelNames: ['queue'],
      registers,
    }),
    reconcileMismatches: new Gauge({
      name: 'reconcile_mismatches',
      help: 'What the last finished reconciliation found not to agree, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    databaseAnswered: new Gauge({
      name: 'database_answered_timestamp_seconds',
      help: 'When the database last answered this process and took writes; it is asked every 5 s.',
      registers,
    }),
    logLinesDropped: new Counter({
      name: 'log_lines_dropped_total',
      help: 'Log lines that could not be written: the disk was full, or nobody read the output.',
      registers,
    }),
    dbPoolConnections: new Gauge({
      name: 'db_pool_connections',
      help: 'Connections of the pool, by state: used or idle.',
      labelNames: ['state'],
      registers,
    }),
    dbPoolWaiting: new Gauge({ name: 'db_pool_waiting', help: 'Callers that wait for a connection.', registers }),
  };
  new Gauge({ name: 'build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers }).set(
    { version, node: process.version },
    1,
  );
  startAtZero(metrics.idempotencyRequests, ['executed', 'replayed', 'in_progress', 'reused', 'taken_over']);
  return metrics;
}

/** Show these values of a counter's only label from the start: a rate does not see the event with which a counter appears. */
export function startAtZero(counter: LabelledCounter, values: readonly string[]): void {
  for (const value of values) counter.of(value);
}
