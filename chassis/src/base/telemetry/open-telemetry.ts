/**
 * Tracing with the OpenTelemetry SDK, loaded only if tracing is enabled. Spans are created manually where a request or message
 * enters or leaves the process. No library is patched and no async context is used: the trace context is passed along with the
 * request or message, as without tracing.
 */
import { type Link, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { readTraceparent } from '../../reliable/trace-context.ts';
import type { Span, SpanOptions, Traced, Tracing } from './tracing.ts';
import type { TracingSettings } from './tracing-config.ts';

// A batch has up to 256 members, each with a link.
const MAX_LINKS = 512;
// An unavailable backend must not delay the shutdown; spans that are not sent by then are lost.
const STOP_WITHIN_MS = 2_000;
const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Export traces as configured in the settings, or to `exporter`. */
export async function startTracing(
  service: string,
  version: string,
  settings: TracingSettings,
  exporter?: SpanExporter,
): Promise<Tracing> {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': service, 'service.version': version }))
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor({
    exporter: exporter ?? (await createExporter(settings)),
    scheduledDelayMillis: settings.OTEL_BSP_SCHEDULE_DELAY,
  });
  const ids = new RandomIdGenerator();
  let nextTraceId: string | undefined;
  const provider = new TracerProvider({
    resource,
    sampler: createSampler(settings),
    spanProcessors: [processor],
    spanLimits: { linkCountLimit: MAX_LINKS },
    idGenerator: {
      generateSpanId: () => ids.generateSpanId(),
      // Called synchronously while a root span is started, after `start` has set nextTraceId.
      generateTraceId: () => nextTraceId ?? ids.generateTraceId(),
    },
  });
  const tracer = provider.getTracer('@shop/chassis', version);
  /** Active spans by their traceparent, so that a batch can add links to the spans of its members. */
  const activeSpans = new Map<string, { addLink(link: Link): unknown }>();

  function start(name: string, { kind, parent, traceId, attributes }: SpanOptions, links: Link[] = []): Span {
    const parentContext = toSpanContext(parent);
    const context = parentContext ? trace.setSpanContext(ROOT_CONTEXT, parentContext) : ROOT_CONTEXT;
    nextTraceId = isTraceId(traceId) ? traceId : undefined;
    const span = tracer.startSpan(name, { kind: kind && KINDS[kind], attributes, links }, context);
    const traceparent = toTraceparent(span.spanContext());
    if (span.isRecording()) activeSpans.set(traceparent, span);
    return {
      traceparent,
      end({ name: finalName, attributes: more, failed } = {}) {
        activeSpans.delete(traceparent);
        if (finalName !== undefined) span.updateName(finalName);
        if (more) span.setAttributes(more);
        if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed });
        span.end();
      },
    };
  }

  function startBatch(name: string, members: readonly Traced[]): Span {
    const contexts = members.map(({ traceparent }) => toSpanContext(traceparent));
    const first = Math.max(contexts.findIndex(isSampled), 0);
    const links = contexts.flatMap((context, index) => (context && index !== first ? { context } : []));
    const parent = members[first]?.traceparent;
    const span = start(name, { parent, attributes: { 'shop.batch.members': members.length } }, links);
    const back = toSpanContext(span.traceparent);
    for (const [index, { traceparent }] of members.entries()) {
      if (back && traceparent !== undefined && index !== first)
        activeSpans.get(traceparent)?.addLink({ context: back });
    }
    return span;
  }

  return {
    start: (name, options) => start(name, options),
    startBatch,
    async stop() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_WITHIN_MS);
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

async function createExporter(settings: TracingSettings): Promise<SpanExporter> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact } = settings;
  const url = exact ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
  const headers = settings.OTEL_EXPORTER_OTLP_HEADERS;
  // Only the exporter for the configured encoding is loaded.
  const { OTLPTraceExporter } =
    settings.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter({ ...(url && { url }), ...(headers && { headers }) });
}

function createSampler({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio }: TracingSettings): Sampler {
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(ratio)
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function toSpanContext(traceparent: string | undefined): SpanContext | undefined {
  const read = readTraceparent(traceparent);
  if (!read) return undefined;
  return { traceId: read.traceId, spanId: read.spanId, traceFlags: Number.parseInt(read.flags, 16), isRemote: true };
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function isSampled(context: SpanContext | undefined): boolean {
  return context !== undefined && (context.traceFlags & 1) === 1;
}

function isTraceId(text: string | undefined): boolean {
  return text !== undefined && /^(?!0+$)[0-9a-f]{32}$/.test(text);
}
