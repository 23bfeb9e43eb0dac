import express from 'express';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { atEnd } from '../../testing/at-end.ts';
import { HTTP_LIMITS, listen, type RunningServer } from '../server.ts';
import { limitTurns } from './turns.ts';

const metrics = createMetrics('test', '0');
let server: RunningServer;
let begun = 0;
/** Number of requests that had been started when the first of them continued. */
let begunBefore: number | undefined;
beforeAll(async () => {
  const app = express();
  app.use(limitTurns(metrics, { longestTurnMs: 50, exempt: ['reservations'] }));
  app.use((_req, res) => {
    const until = performance.now() + 20;
    while (performance.now() < until); // block the event loop
    begun += 1;
    setImmediate(() => {
      begunBefore ??= begun;
      res.send('done');
    });
  });
  server = await listen(app, '127.0.0.1', 0, HTTP_LIMITS);
  atEnd(() => server.close());
});

const ask = (path: string) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { 'x-kong-request-id': 'a'.repeat(32) } });
const askAtOnce = (path: string) => Promise.all(Array.from({ length: 30 }, () => ask(path)));

describe('a turn of the event loop that takes too long', () => {
  it('ends with 503 overloaded, and the next turn serves again', async () => {
    await askAtOnce('/health/live'); // opens the connections, so that the next requests arrive in one turn
    const answers = await askAtOnce('/orders');
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(5);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(1);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await refused[0]?.json()).toMatchObject({
      code: 'overloaded',
      instance: '/orders',
      traceId: 'a'.repeat(32),
    });
    expect(await metrics.registry.metrics()).toContain(`http_requests_shed_total{service="test"} ${refused.length}\n`);
    expect((await ask('/orders')).status).toBe(200);
  });

  it('ends, so that started requests continue before all others have been read', async () => {
    await askAtOnce('/health/live');
    [begun, begunBefore] = [0, undefined];
    await askAtOnce('/orders');
    expect(begunBefore).toBeLessThan(15);
  });

  it.each(['/health/orders', '/metrics', '/docs/orders.json', '/reservations'])('refuses no %s', async (path) => {
    await askAtOnce(path);
    expect(new Set((await askAtOnce(path)).map(({ status }) => status))).toEqual(new Set([200]));
  });
});
