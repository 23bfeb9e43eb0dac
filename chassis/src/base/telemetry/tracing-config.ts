import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });

/**
 * The standard variables of OpenTelemetry, as far as we read them (opentelemetry.io/docs/specs/otel/configuration). The
 * exporter reads more by itself: OTEL_EXPORTER_OTLP_TIMEOUT, _COMPRESSION, _CERTIFICATE; and the resource
 * OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
 */
export const tracingConfig = {
  OTEL_SDK_DISABLED: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true`: no traces, whatever the other OTEL variables say'),
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'none'])
    .optional()
    .describe('Whether traces are sent; without it, `otlp` where an endpoint is set'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url
    .optional()
    .describe('Base URL of the OpenTelemetry collector or backend, such as `http://collector:4318`'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url
    .optional()
    .describe('The whole URL for traces, where it is not `…/v1/traces`'),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/protobuf', 'http/json'])
    .default('http/protobuf')
    .describe('Form in which traces are sent'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .transform(readHeaders)
    .optional()
    .describe('`name=value,…` for each request to it: the key of a hosted backend'),
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
    .describe('Which traces are recorded; `parentbased_…`: those that the caller, such as Kong, has sampled'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('For `traceidratio`, the part of them'),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(5_000)
    .describe('Milliseconds for which finished spans are collected'),
};

export type TracingSettings = z.output<z.ZodObject<typeof tracingConfig>>;

/** Whether traces are to be sent. */
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
      // Without the text: it is a secret.
      context.addIssue({ code: 'custom', message: 'Must be name=value pairs, separated by commas.' });
      return z.NEVER;
    }
  }
  return headers;
}
