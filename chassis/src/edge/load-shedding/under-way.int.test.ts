import { createConnection } from 'node:net';
import express from 'express';
import { createLogger } from '../../base/telemetry/log.ts';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { requestContext } from '../context.ts';
import { problemHandler } from '../problem.ts';
import { HTTP_LIMITS, listen, type RunningServer } from '../server.ts';
import { limitUnderWay } from './under-way.ts';

const log = createLogger('test', 'silent');
let server: RunningServer;
let under: number;
let release: () => void;

async function start(maxBytes: number): Promise<void> {
  under = 0;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = express();
  app.use(requestContext({ log, metrics: createMetrics('test', '0') }));
  app.use(limitUnderWay(maxBytes), (_req, _res, next) => {
    under += 1;
    next();
  });
  app.use(express.raw({ limit: 3_000_000, type: () => true }));
  app.post('/', async (_req, res) => {
    await released;
    res.send('done');
  });
  app.use(problemHandler);
  server = await listen(app, '127.0.0.1', 0, HTTP_LIMITS);
  atEnd(() => server.close());
  atEnd(release);
}

const send = (body = 'x') => fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body });
const underWay = (count: number) => eventually(() => (under === count ? true : undefined));

describe('the limit of requests under way', () => {
  it('refuses one request too many with Retry-After, and admits again when one is answered', async () => {
    await start(20_000);
    const held = [send(), send()];
    await underWay(2);
    const refused = await send();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });
    expect(under).toBe(2);
    release();
    for (const answer of await Promise.all(held)) expect(answer.status).toBe(200);
    expect((await send()).status).toBe(200);
  });

  it('refuses a body that exceeds the limit together with the others, without reading it', async () => {
    await start(1_300_000);
    const held = send('x'.repeat(900_000));
    await underWay(1);
    expect((await send('x'.repeat(400_000))).status).toBe(503);
    const small = send('x'.repeat(300_000));
    await underWay(2);
    release();
    expect([(await held).status, (await small).status]).toEqual([200, 200]);
  });

  it.each([
    ['with a length', 'Content-Length: 900000\r\n\r\nhalf of it'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('frees the place of an upload that its client aborts, sent %s', async (_how, rest) => {
    await start(1_300_000);
    for (let upload = 1; upload <= 5; upload += 1) {
      const client = createConnection(server.port, '127.0.0.1');
      client.write(`POST / HTTP/1.1\r\nHost: test\r\n${rest}`);
      await underWay(upload);
      client.destroy();
      await eventually(() => (server.connections() === 0 ? true : undefined));
    }
    release();
    expect((await send('x'.repeat(900_000))).status).toBe(200);
  });

  it('leaves the refusal of a body that is too long for every route to the route', async () => {
    await start(1_300_000);
    expect((await send('x'.repeat(4_000_000))).status).toBe(413);
  });
});
