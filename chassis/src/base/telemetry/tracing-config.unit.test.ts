import { z } from 'zod';
import { tracingConfig, wantsTraces } from './tracing-config.ts';

const read = (variables: Record<string, string>) => z.object(tracingConfig).safeParse(variables);
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('wantsTraces', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, false],
    [endpoint, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'true' }, false],
  ])('%j: %s', (variables, wanted) => {
    const { data } = read(variables);
    expect(data && wantsTraces(data)).toBe(wanted);
  });
});

describe('the headers for the backend', () => {
  it('are read with percent-encoded values', () => {
    const { data } = read({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%2Cb=, x = y ,' });
    expect(data?.OTEL_EXPORTER_OTLP_HEADERS).toEqual({ 'api-key': 'a,b=', x: 'y' });
  });

  it.each(['secret', 'a b=secret', 'a=%secret', '=secret'])(
    'are refused when they are %s, without telling them',
    (text) => {
      const { success, error } = read({ OTEL_EXPORTER_OTLP_HEADERS: text });
      expect(success).toBe(false);
      expect(String(error)).not.toContain('secret');
    },
  );
});
