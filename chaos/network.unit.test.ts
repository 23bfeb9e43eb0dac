import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { type Link, openLink } from './network.ts';

/** A server that answers each chunk with the same bytes and remembers them. */
let received: string;
let server: Server;
let link: Link;
let sockets: Socket[];

beforeEach(async () => {
  received = '';
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk;
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve)));
  link = await openLink(1);
  atEnd(() => link.close());
  link.aimAt((server.address() as AddressInfo).port);
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
  });
});

function client() {
  const socket = connect(link.port, '127.0.0.1');
  const seen = { text: '', isClosed: false };
  socket.on('data', (chunk) => {
    seen.text += chunk;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    seen.isClosed = true;
  });
  sockets.push(socket);
  return { socket, seen };
}

describe('openLink', () => {
  it('passes everything initially', async () => {
    const { socket, seen } = client();
    socket.write('hello');
    await eventually(() => seen.text === 'hello' || undefined);
  });

  it('holds bytes during a blackhole and delivers them afterwards', async () => {
    const { socket, seen } = client();
    socket.write('a');
    await eventually(() => seen.text === 'a' || undefined);
    link.set('blackhole');
    socket.write('b');
    const late = client();
    late.socket.write('c');
    await expect(eventually(() => received !== 'a' || undefined, 200)).rejects.toThrow();
    expect(seen.isClosed).toBe(false);
    link.set('pass');
    await eventually(() => (seen.text === 'ab' && late.seen.text === 'c') || undefined);
  });

  it('loses the answer but not the request', async () => {
    link.set('lose-answers');
    const { socket, seen } = client();
    socket.write('order');
    await eventually(() => seen.isClosed || undefined);
    expect(received).toBe('order');
    expect(seen.text).toBe('');
  });

  it('refuses: closes open connections, and refuses new ones', async () => {
    const open = client();
    open.socket.write('a');
    await eventually(() => open.seen.text === 'a' || undefined);
    link.set('refuse');
    const next = client();
    await eventually(() => (open.seen.isClosed && next.seen.isClosed) || undefined);
  });

  it('delays every byte', async () => {
    link.set('delay');
    const began = performance.now();
    const { socket, seen } = client();
    socket.write('a');
    await eventually(() => seen.text === 'a' || undefined);
    expect(performance.now() - began).toBeGreaterThanOrEqual(590);
  });
});
