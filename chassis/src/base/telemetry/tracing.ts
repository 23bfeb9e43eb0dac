import { readTraceparent } from '../../reliable/trace-context.ts';

/**
 * The tracing interface. It is undefined if tracing is disabled: then `tracing?.start(…)` costs nothing, and the OpenTelemetry
 * packages are not loaded (see open-telemetry.ts). W3C trace contexts are passed on in any case, through HTTP, outbox and broker.
 */
export interface Tracing {
  /** Start a span. */
  start(name: string, options: SpanOptions): Span;
  /**
   * Start a span for work on several members at once: in the trace of the first sampled member, with links to and from the others.
   */
  startBatch(name: string, members: readonly Traced[]): Span;
  /** Export finished spans and stop. */
  stop(): Promise<void>;
}

export interface SpanOptions {
  /** `server` and `client` for calls, `producer` and `consumer` for messages. */
  kind?: 'server' | 'client' | 'producer' | 'consumer';
  /** The trace context of its cause. An invalid one counts as absent. */
  parent: string | undefined;
  /** The trace id if there is no parent; ignored unless it has 32 hex digits. */
  traceId?: string;
  attributes?: Attributes;
}

/** Ids and numbers only: bounded, and no personal data. */
export type Attributes = Record<string, string | number | undefined>;

/** A request or message with an optional trace context. */
export interface Traced {
  traceparent?: string | undefined;
}

/** A started span. */
export interface Span {
  /** The trace context for its children. */
  readonly traceparent: string;
  /** End the span; `failed` is the reason of a failure. */
  end(outcome?: { name?: string; attributes?: Attributes; failed?: string }): void;
}

/** The trace id if it differs from the request id, otherwise undefined. */
export function otherTraceId(traceparent: string | undefined, requestId: string): string | undefined {
  const traceId = readTraceparent(traceparent)?.traceId;
  return traceId === requestId ? undefined : traceId;
}

/** The trace id of a valid traceparent. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
