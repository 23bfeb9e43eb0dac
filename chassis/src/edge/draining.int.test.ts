import { Agent, get } from 'node:http';
import express from 'express';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { atEnd } from '../testing/at-end.ts';
import { endConnections } from './draining.ts';
import { limitTurns } from './load-shedding/turns.ts';
import { HTTP_LIMITS, listen } from './server.ts';

describe('a process that drains', () => {
  it('answers a request on a keep-alive connection, and closes the connection with the response', async () => {
    let isDraining = false;
    const app = express();
    app.use(
      endConnections(() => isDraining),
      limitTurns(createMetrics('test', '0')),
    );
    app.get('/', (_req, res) => {
      res.send('done');
    });
    const server = await listen(app, '127.0.0.1', 0, HTTP_LIMITS);
    atEnd(() => server.close());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    atEnd(() => agent.destroy());
    const ask = () =>
      new Promise<{ connection: string | undefined; isReused: boolean }>((resolve, reject) => {
        const request = get({ host: '127.0.0.1', port: server.port, agent }, (response) => {
          const { connection } = response.headers;
          response.resume().once('end', () => resolve({ connection, isReused: request.reusedSocket }));
        }).once('error', reject);
      });
    expect(await ask()).toEqual({ connection: 'keep-alive', isReused: false });
    expect(await ask()).toEqual({ connection: 'keep-alive', isReused: true });
    isDraining = true;
    expect(await ask()).toEqual({ connection: 'close', isReused: true });
    expect(await ask()).toEqual({ connection: 'close', isReused: false });
  });
});
