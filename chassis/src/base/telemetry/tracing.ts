import { readTraceparent } from '../../reliable/trace-context.ts';

/**
 * The seam to tracing. Whoever does something that belongs into a trace has a `Tracing`, or undefined where nothing is
 * traced; then `tracing?.start(…)` is all that it costs, and no package of OpenTelemetry is even loaded (see
 * open-telemetry.ts). W3C trace contexts travel in either case: through HTTP, outbox and broker.
 */
export interface Tracing {
  /** Begin a piece of work. */
  start(name: string, options: SpanOptions): Span;
  /**
   * Begin what is done for several at once: in the trace of the first that is sampled, linked with all others, both ways.
   */
  startBatch(name: string, members: readonly Traced[]): Span;
  /** Send what is finished. */
  stop(): Promise<void>;
}

export interface SpanOptions {
  /** `server` and `client`: of a call; `producer` and `consumer`: of a message. */
  kind?: 'server' | 'client' | 'producer' | 'consumer';
  /** The trace context of what caused it. One that is not valid counts as absent. */
  parent: string | undefined;
  /** Without a parent, the id of the trace, if it can be one: 32 hex digits. */
  traceId?: string;
  attributes?: Attributes;
}

/** Bounded, and nothing personal: ids and numbers. */
export type Attributes = Record<string, string | number | undefined>;

/** A request or message that may belong to a trace. */
export interface Traced {
  traceparent?: string | undefined;
}

/** A piece of work that has begun. */
export interface Span {
  /** The trace context for what it causes. */
  readonly traceparent: string;
  /** It is over; `failed` says why, if it did. */
  end(outcome?: { name?: string; attributes?: Attributes; failed?: string }): void;
}

/** The trace, where it is another than the one that is named after the request; undefined means that one. */
export function otherTraceId(traceparent: string | undefined, requestId: string): string | undefined {
  const traceId = readTraceparent(traceparent)?.traceId;
  return traceId === requestId ? undefined : traceId;
}

/** The trace that a trace context of ours belongs to. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
