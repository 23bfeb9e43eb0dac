/*
 * The parts of the caller's logger, metrics and tracing that are used here. pino's logger and prom-client's counters and gauges
 * have these shapes.
 */

export interface Logger {
  info: Write;
  warn: Write;
  error: Write;
}

/** Errors are passed as the field `err`. */
interface Write {
  (fields: object, message: string): void;
  (message: string): void;
}

export interface Metrics {
  /** By result: `executed`, `replayed`, `in_progress`, `reused`. */
  idempotencyRequests: Labelled<Counter>;
  /** Members of a batch, by stage. */
  batchSize: Labelled<Histogram>;
  batchQueueLength: LabelledGauge<'stage'>;
  batchRefused: Labelled<Counter>;
  outboxPending: Gauge;
  /** In seconds. */
  outboxOldest: Gauge;
  outboxPublished: Counter;
  outboxReturned: Counter;
  /** By queue and outcome: `handled`, `duplicate`, `retried`, `dead_lettered`. */
  messagesHandled: Labelled<Counter>;
  /** In seconds, by queue. */
  messageAge: Labelled<Histogram>;
  deadLettersOpen: LabelledGauge<'queue'>;
  /** In seconds. */
  feedWaiting: Gauge;
  /** When the database last accepted writes. */
  databaseAnswered: { setToCurrentTime(): void };
}

/** The metric with these values of its labels. */
interface Labelled<Metric> {
  of(first: string, second?: string): Metric;
}

interface Counter {
  inc(by?: number): void;
}

interface Gauge {
  set(value: number): void;
}

interface LabelledGauge<Label extends string> {
  set(labels: Record<Label, string>, value: number): void;
}

interface Histogram {
  observe(value: number): void;
}

/** W3C trace contexts are passed on with messages in any case; without a `Tracing` no spans are added. */
export interface Tracing {
  start(name: string, options: SpanOptions): Span;
  /** A span for work on several messages at once. */
  startBatch(name: string, members: readonly { traceparent?: string | undefined }[]): Pick<Span, 'end'>;
}

interface SpanOptions {
  kind: 'producer' | 'consumer';
  /** The trace context of its cause. */
  parent: string | undefined;
  /** The trace id, if there is no parent. */
  traceId?: string;
  attributes: Attributes;
}

type Attributes = Record<string, string | undefined>;

export interface Span {
  /** The trace context for its children. */
  readonly traceparent: string;
  end(outcome?: { attributes?: Attributes; failed?: string }): void;
}
