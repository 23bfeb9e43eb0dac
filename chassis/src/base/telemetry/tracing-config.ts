import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });

/**
 * The standard OpenTelemetry variables that this module reads (opentelemetry.io/docs/specs/otel/configuration). The exporter
 * also reads OTEL_EXPORTER_OTLP_TIMEOUT, _COMPRESSION and _CERTIFICATE; the resource reads OTEL_SERVICE_NAME and
 * OTEL_RESOURCE_ATTRIBUTES.
 */
export const tracingConfig = {
  OTEL_SDK_DISABLED: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true` disables tracing, regardless of the other OTEL variables'),
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'none'])
    .optional()
    .describe('Exporter for traces; the default is `otlp` if an endpoint is set, otherwise `none`'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url
    .optional()
    .describe('Base URL of the OpenTelemetry collector or backend, such as `http://collector:4318`'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional().describe('Full URL for traces, if it is not `…/v1/traces`'),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/protobuf', 'http/json'])
    .default('http/protobuf')
    .describe('Encoding of the traces'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .transform(readHeaders)
    .optional()
    .describe('`name=value,…`, sent with each request to it, such as the API key of a hosted backend'),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on')
    .describe('Which traces are recorded. `parentbased_…` follows the decision of the caller, such as Kong'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('Sampling ratio for `traceidratio`'),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(5_000)
    .describe('Milliseconds between exports of finished spans'),
};

export type TracingSettings = z.output<z.ZodObject<typeof tracingConfig>>;

/** Whether to send traces. */
export function wantsTraces(settings: TracingSettings): boolean {
  if (settings.OTEL_SDK_DISABLED === 'true') return false;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact } = settings;
  return (settings.OTEL_TRACES_EXPORTER ?? (base || exact ? 'otlp' : 'none')) === 'otlp';
}

/** `name=value` pairs with percent-encoded values, separated by commas (the form of W3C Baggage). */
function readHeaders(text: string, context: z.RefinementCtx): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const [, name, value] = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    try {
      if (name === undefined || value === undefined) throw new Error('no pair');
      headers[name] = decodeURIComponent(value);
    } catch {
      // Without the value, which is a secret.
      context.addIssue({ code: 'custom', message: 'Must be name=value pairs, separated by commas.' });
      return z.NEVER;
    }
  }
  return headers;
}
