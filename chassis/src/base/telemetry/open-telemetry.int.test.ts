import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { z } from 'zod';
import { atEnd } from '../../testing/at-end.ts';
import { startTraceReceiver, type TraceReceiver } from '../../testing/trace-receiver.ts';
import { startTracing } from './open-telemetry.ts';
import type { Tracing } from './tracing.ts';
import { tracingConfig } from './tracing-config.ts';

const run = promisify(execFile);
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = `00-${TRACE}-b7ad6b7169203331-01`;
const UNSAMPLED = `00-${TRACE}-b7ad6b7169203331-00`;

/** What was recorded of the spans that have ended. */
let ended: ReadableSpan[];
const exporter: SpanExporter = {
  export(spans, done) {
    ended.push(...spans);
    done({ code: 0 });
  },
  shutdown: async () => {},
};
beforeEach(() => {
  ended = [];
});

function tracingWith(variables: Record<string, string> = {}): Promise<Tracing> {
  return startTracing('a-service', '1.2.3', z.object(tracingConfig).parse(variables), exporter);
}

describe('tracing', () => {
  it('continues the trace of its parent, and passes it on', async () => {
    const tracing = await tracingWith();
    const request = tracing.start('GET', { kind: 'server', parent: SAMPLED });
    tracing.start('inner', { parent: request.traceparent }).end({ failed: 'because' });
    request.end({ name: 'GET /things', attributes: { 'http.response.status_code': 200 } });
    await tracing.stop();
    const [inner, outer] = ended;
    expect(outer).toMatchObject({ name: 'GET /things', kind: 1, status: { code: 0 } });
    expect(outer?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(outer?.attributes).toEqual({ 'http.response.status_code': 200 });
    expect(inner).toMatchObject({ name: 'inner', status: { code: 2, message: 'because' } });
    expect(inner?.spanContext().traceId).toBe(TRACE);
    expect(request.traceparent).toBe(`00-${TRACE}-${inner?.parentSpanContext?.spanId}-01`);
  });

  it.each([undefined, 'rubbish', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
    'begins a trace of the id that it is given when the parent is %s',
    async (parent) => {
      const tracing = await tracingWith();
      tracing.start('named', { parent, traceId: TRACE }).end();
      tracing.start('unnamed', { parent, traceId: 'no trace id' }).end();
      await tracing.stop();
      const [named, unnamed] = ended.map((span) => span.spanContext().traceId);
      expect(named).toBe(TRACE);
      expect(unnamed).toMatch(/^(?!0af7651916cd43dd)[0-9a-f]{32}$/);
    },
  );

  it('records nothing of what the caller has not sampled, and says so to what follows', async () => {
    const tracing = await tracingWith();
    const span = tracing.start('request', { parent: UNSAMPLED });
    const batch = tracing.startBatch('batch', [{ traceparent: span.traceparent }]);
    for (const one of [batch, span]) one.end();
    await tracing.stop();
    expect([span.traceparent, batch.traceparent].map((text) => text.slice(-3))).toEqual(['-00', '-00']);
    expect(ended).toEqual([]);
  });

  it('records none with always_off, nor with a ratio of 0', async () => {
    for (const sampler of ['always_off', 'parentbased_traceidratio']) {
      const tracing = await tracingWith({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0' });
      tracing.start('root', { parent: undefined }).end();
      await tracing.stop();
    }
    expect(ended).toEqual([]);
  });

  it('puts a batch into the trace of its first sampled member, and links it with the others both ways', async () => {
    const tracing = await tracingWith();
    const unsampled = tracing.start('unsampled', { parent: UNSAMPLED });
    const [first, second, third] = ['1', '2', '3'].map((digit) =>
      tracing.start(`request ${digit}`, { parent: undefined, traceId: digit.repeat(32) }),
    );
    const members = [unsampled, first, second, third, { traceparent: undefined }];
    const batch = tracing.startBatch(
      'batch',
      members.map((member) => ({ traceparent: member?.traceparent })),
    );
    for (const one of [batch, first, second, third, unsampled]) one?.end();
    await tracing.stop();
    const spans = new Map(ended.map((span) => [span.name, span]));
    const linked = (name: string) => spans.get(name)?.links.map(({ context }) => context.traceId);
    expect(spans.get('batch')?.spanContext().traceId).toBe('1'.repeat(32));
    expect(spans.get('batch')?.parentSpanContext?.spanId).toBe(spans.get('request 1')?.spanContext().spanId);
    expect(linked('batch')).toEqual([TRACE, '2'.repeat(32), '3'.repeat(32)]);
    expect(['request 1', 'request 2', 'request 3'].map(linked)).toEqual([[], ['1'.repeat(32)], ['1'.repeat(32)]]);
    expect(spans.get('request 2')?.links[0]?.context.spanId).toBe(spans.get('batch')?.spanContext().spanId);
  });
});

describe('a process', () => {
  let receiver: TraceReceiver;
  beforeAll(async () => {
    receiver = await startTraceReceiver();
    atEnd(() => receiver.close());
  });

  // A service's runtime, neither of whose servers is there. Says which packages of OpenTelemetry it loads, beside the one
  // that prom-client needs, and makes a span.
  const SCRIPT = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api') loaded.add(name);
      return next(name, context);
    } });
    const { startRuntime } = await import('${join(__dirname, '../../service/runtime.ts')}');
    const { readConfig, serviceConfig } = await import('${join(__dirname, '../config/read-config.ts')}');
    const settings = readConfig(serviceConfig, process.env);
    const { tracing } = await startRuntime({ name: 'a-service', version: '1', settings });
    tracing?.start('of a process', { parent: undefined }).end();
    await tracing?.stop();
    process.stdout.write(JSON.stringify([...loaded]), () => process.exit(0));`;

  async function packagesLoaded(variables: Record<string, string>): Promise<string[]> {
    const env = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      RABBITMQ_URL: 'amqp://127.0.0.1:1',
      GATEWAY_TOKEN: 'g'.repeat(32),
      GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
      LOG_LEVEL: 'silent',
      ...variables,
    };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', SCRIPT], { env, timeout: 120_000 });
    return JSON.parse(stdout);
  }

  it('loads nothing of OpenTelemetry unless traces are wanted', async () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
    const loaded = await Promise.all([
      packagesLoaded({}),
      packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }),
      packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }),
    ]);
    expect(loaded).toEqual([[], [], []]);
    expect(receiver.headers).toEqual([]);
  });

  it('sends what is finished when it stops, in the form and with the headers that are asked for', async () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
    const [asProtobuf, asJson] = await Promise.all([
      packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT }),
      packagesLoaded({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=a%20key',
        OTEL_SERVICE_NAME: 'another-name',
      }),
    ]);
    expect(asProtobuf).toContain('@opentelemetry/exporter-trace-otlp-proto');
    expect(asProtobuf).not.toContain('@opentelemetry/exporter-trace-otlp-http');
    expect(asJson).not.toContain('@opentelemetry/exporter-trace-otlp-proto');
    const sent = receiver.headers.map((headers) => [headers['content-type'], headers['x-api-key']]);
    expect(sent).toContainEqual(['application/x-protobuf', undefined]);
    expect(sent).toContainEqual(['application/json', 'a key']);
    expect(receiver.spans).toMatchObject([{ service: 'another-name', name: 'of a process' }]);
  });

  it('stops although its backend does not answer', async () => {
    const silent = createServer((socket) => {
      atEnd(() => socket.destroy());
      socket.on('error', () => {});
    });
    atEnd(() => silent.close());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${port}`;
    // Longer than the process is given.
    await packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: '600000' });
  });
});
