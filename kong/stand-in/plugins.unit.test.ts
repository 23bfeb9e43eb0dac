import { limitRate } from './plugins.ts';

describe('rate-limiting', () => {
  const config = {
    ...({ minute: 2, policy: 'local', limit_by: 'consumer', hide_client_headers: false } as const),
    ...{ error_code: 429, error_message: 'API rate limit exceeded' },
  };
  const storefront = { id: 'c-1', credentialId: 'k-1', username: 'storefront', groups: [] };

  function createLimiter(changes: Partial<Parameters<typeof limitRate>[0]> = {}) {
    const clock = { now: Date.parse('2026-01-05T10:00:15.400Z') };
    const limiter = limitRate(
      { ...config, ...changes },
      () => clock.now,
      (count) => count(),
    );
    const call = (caller: { consumer?: typeof storefront; remoteAddress?: string }) => {
      const answerHeaders: string[] = [];
      const answer = limiter({ headers: [], remoteAddress: '10.0.0.1', query: '', answerHeaders, ...caller });
      const pairs = answerHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, answerHeaders[i + 1]]] : []));
      return { answer, headers: Object.fromEntries(pairs) };
    };
    return { clock, call };
  }

  it('counts down, then refuses until the minute of the clock is over', () => {
    const { clock, call } = createLimiter();
    expect(call({ consumer: storefront }).headers).toEqual({
      'RateLimit-Limit': '2',
      'RateLimit-Remaining': '1',
      'RateLimit-Reset': '45',
      'X-RateLimit-Limit-Minute': '2',
      'X-RateLimit-Remaining-Minute': '1',
    });
    expect(call({ consumer: storefront }).headers['RateLimit-Remaining']).toBe('0');
    expect(call({ consumer: storefront }).answer).toEqual({
      ...{ status: 429, message: 'API rate limit exceeded' },
      headers: ['Retry-After', '45'],
    });
    clock.now = Date.parse('2026-01-05T10:01:00.000Z');
    expect(call({ consumer: storefront }).answer).toBeUndefined();
  });

  it('returns at least one second, also at the very end of a minute', () => {
    const { clock, call } = createLimiter();
    clock.now = Date.parse('2026-01-05T10:00:59.999Z');
    expect(call({ consumer: storefront }).headers['RateLimit-Reset']).toBe('1');
  });

  it('counts per consumer, or per address without a consumer', () => {
    const { call } = createLimiter();
    for (let i = 0; i < 2; i += 1) call({ consumer: storefront });
    expect(call({ consumer: { ...storefront, id: 'c-2' } }).answer).toBeUndefined();
    for (let i = 0; i < 2; i += 1) expect(call({}).answer).toBeUndefined();
    expect(call({}).answer?.status).toBe(429);
    expect(call({ remoteAddress: '10.0.0.2' }).answer).toBeUndefined();
  });

  it('gives each address a budget, whoever calls from it, where it limits by address', () => {
    const { call } = createLimiter({ limit_by: 'ip' });
    for (let i = 0; i < 2; i += 1) call({ consumer: storefront });
    expect(call({}).answer?.status).toBe(429);
    expect(call({ consumer: storefront, remoteAddress: '10.0.0.2' }).answer).toBeUndefined();
  });
});
