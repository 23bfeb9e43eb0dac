import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every label has a bounded set of values; an id, a key or a customer never becomes one. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * All metrics of a service, in a registry of their own, so that several services can live in one test process.
 * Durations are in seconds, as Prometheus asks (prometheus.io/docs/practices/naming).
 */
export function createMetrics(service: string, version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  // The deadlines of the system are 1.5 s (the hop) and 2.5 s (an order); the buckets must tell them apart.
  const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 5, 10];

  const metrics = {
    registry,
    httpRequestDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer.',
      labelNames: ['route', 'method', 'status'],
      buckets,
      registers,
    }),
    ordersTotal: new Counter({
      name: 'orders_total',
      help: 'Orders by what became of them.',
      labelNames: ['outcome'],
      registers,
    }),
    ordersPending: new Gauge({ name: 'orders_pending', help: 'Orders whose stock is not decided.', registers }),
    ordersPendingOldest: new Gauge({
      name: 'orders_pending_oldest_seconds',
      help: 'Age of the oldest order whose stock is not decided.',
      registers,
    }),
    idempotencyRequests: new Counter({
      name: 'idempotency_requests_total',
      help: 'Keyed requests: executed, replayed, in_progress, reused or taken_over.',
      labelNames: ['result'],
      registers,
    }),
    reservationsTotal: new Counter({
      name: 'reservations_total',
      help: 'Answers to requests for a reservation.',
      labelNames: ['outcome'],
      registers,
    }),
    reservationCallDuration: new Histogram({
      name: 'reservation_call_duration_seconds',
      help: 'The hop to inventory-service.',
      labelNames: ['outcome'],
      buckets,
      registers,
    }),
    breakerState: new Gauge({ name: 'breaker_state', help: '0 closed, 1 half open, 2 open.', registers }),
    batchSize: new Histogram({
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
    messagesHandled: new Counter({
      name: 'messages_handled_total',
      help: 'Deliveries by what became of them: handled, duplicate, retried or dead_lettered.',
      labelNames: ['queue', 'outcome'],
      registers,
    }),
    messageAge: new Histogram({
      name: 'message_age_seconds',
      help: 'From the fact to its handling.',
      labelNames: ['queue'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800],
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
  return metrics;
}
