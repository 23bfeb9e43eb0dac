/** A W3C trace context (w3.org/TR/trace-context), level 1. */
export interface TraceContext {
  traceId: string;
  spanId: string;
  /** Two hex digits; the last bit is `sampled`. */
  flags: string;
}

/** Parse `version-traceid-spanid-flags`. An invalid value or an unknown version counts as absent. */
export function readTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? [];
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags };
}
