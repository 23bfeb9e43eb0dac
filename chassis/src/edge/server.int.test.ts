import express from 'express';
import { atEnd } from '../testing/at-end.ts';
import { eventually } from '../testing/eventually.ts';
import { openRawClient, type RawClient } from '../testing/raw-client.ts';
import { HTTP_LIMITS, listen, type RunningServer } from './server.ts';

/** Timeouts of a second or less. */
const SHORT = {
  ...HTTP_LIMITS,
  headersTimeoutMs: 300,
  requestTimeoutMs: 900,
  stalledTimeoutMs: 1_500,
  checkIntervalMs: 50,
  closeWithinMs: 500,
};
const PATIENT = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, stalledTimeoutMs: 60_000 };
const HEAD = 'POST /echo HTTP/1.1\r\nHost: test\r\n';

let server: RunningServer;
const released: (() => void)[] = [];

async function start(limits: Partial<typeof HTTP_LIMITS> = {}): Promise<void> {
  const app = express();
  app.use(express.raw({ type: () => true }));
  app.post('/echo', (req, res) => {
    res.send(req.body);
  });
  app.get('/large', (_req, res) => {
    res.send(Buffer.alloc(50_000_000));
  });
  app.get('/held', (_req, res) => {
    released.push(() => res.send('at last'));
  });
  server = await listen(app, '127.0.0.1', 0, { ...SHORT, ...limits });
  atEnd(() => server.close());
}

const open = () => openRawClient(server.port);
const closed = (client: RawClient) => eventually(() => client.isClosed || undefined);
const heard = (client: RawClient, text: string) => eventually(() => client.received.includes(text) || undefined);

/** One byte every 20 ms, for as long as the server listens. */
async function drip(client: RawClient, text: string): Promise<void> {
  for (const byte of text.repeat(1_000)) {
    if (client.isClosed) return;
    client.socket.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function isServed(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/echo`, { method: 'POST', body: 'hello' });
  return (await answer.text()) === 'hello';
}

describe('the HTTP server', () => {
  it('closes a connection that sends its headers byte by byte, and serves the others', async () => {
    await start();
    const slow = open();
    slow.socket.write(HEAD);
    const dripping = drip(slow, 'X-Slow: 1\r\n');
    expect(await isServed()).toBe(true);
    await closed(slow);
    await dripping;
    expect(slow.received).toContain(' 408 ');
  });

  it('closes a connection that sends its body byte by byte', async () => {
    await start();
    const slow = open();
    slow.socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`);
    const dripping = drip(slow, 'x');
    expect(await isServed()).toBe(true);
    await closed(slow);
    await dripping;
    expect(slow.received).not.toContain(' 200 ');
  });

  it('closes a connection that sends nothing, and one that does not read its response', async () => {
    await start();
    const silent = open();
    const deaf = open();
    deaf.socket.write('GET /large HTTP/1.1\r\nHost: test\r\n\r\n');
    await heard(deaf, ' 200 ');
    deaf.socket.pause();
    await closed(silent);
    await eventually(async () => ((await connections()) === 0 ? true : undefined));
  });

  it('answers 431 to huge headers', async () => {
    await start();
    const huge = open();
    huge.socket.write(`${HEAD}X-Huge: ${'x'.repeat(70_000)}\r\n\r\n`);
    await heard(huge, ' 431 ');
    expect(await isServed()).toBe(true);
  });

  it('keeps an idle connection that a gateway will use again, beyond the timeout of headers', async () => {
    await start({ headersTimeoutMs: 100, requestTimeoutMs: 100 });
    const request = `${HEAD}Content-Length: 2\r\n\r\nok`;
    const gateway = open();
    gateway.socket.write(request);
    await heard(gateway, '\r\n\r\nok');
    const silent = open();
    await closed(silent); // the idle connection is now older than the timeout of headers
    gateway.received = '';
    gateway.socket.write(request);
    await heard(gateway, '\r\n\r\nok');
  });

  it('replaces a silent connection, then an idle one, by a new one; never a busy one', async () => {
    await start({ ...PATIENT, connections: 3 });
    const busy = open();
    busy.socket.write('GET /held HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually(() => released.length > 0 || undefined);
    const idle = open();
    idle.socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    await heard(idle, ' 200 ');
    const silent = open();
    await eventually(async () => ((await connections()) === 3 ? true : undefined));
    const first = open();
    await closed(silent);
    const second = open();
    await closed(first);
    expect([busy.isClosed, idle.isClosed]).toEqual([false, false]);
    second.socket.write('GET /held HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually(() => released.length > 1 || undefined);
    open();
    await closed(idle);
    for (const release of released.splice(0)) release();
    await heard(busy, 'at last');
  });

  it('keeps no more connections than its limit, however many come at once', async () => {
    await start({ ...PATIENT, connections: 20 });
    const many = Array.from({ length: 200 }, open);
    await eventually(() => many.filter(({ isClosed }) => !isClosed).length === 20 || undefined);
    expect(await isServed()).toBe(true);
  });

  it('stops in time although a client is still sending', async () => {
    await start(PATIENT);
    const slow = open();
    slow.socket.write(`${HEAD}Content-Length: 100\r\n\r\n`);
    await eventually(async () => ((await connections()) === 1 ? true : undefined));
    await server.close();
    await closed(slow);
  });

  it('takes many connections in one turn of the event loop', async () => {
    await start(PATIENT);
    // The kernel completes these while the event loop is blocked: all wait when the next turn begins.
    const many = Array.from({ length: 320 }, open);
    let turns = 0;
    while ((await connections()) < many.length) turns += 1;
    expect(turns).toBeLessThan(160);
  });

  it('does not share its port', async () => {
    await start();
    await expect(listen(express(), '127.0.0.1', server.port)).rejects.toThrow('EADDRINUSE');
  });
});

function connections(): Promise<number> {
  return new Promise((resolve) => setImmediate(() => resolve(server.connections())));
}
