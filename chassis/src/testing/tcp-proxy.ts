import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A server as its clients see it over a network that the test can break. */
export interface TcpProxy {
  /** The server's URL with the proxy's address in it. */
  url: string;
  /** The server is gone: connections break, and new ones break at once. */
  cut(): void;
  restore(): void;
  /** The server hangs: connections stay, and no byte passes. */
  freeze(): void;
  thaw(): void;
  /** The server hears its present connections, and none of its answers arrives any more. */
  mute(): void;
  /** The first connection breaks in place of the server's answer of this number, counted from 0. */
  cutAtAnswer(number: number): void;
  close(): Promise<void>;
}

/** Put a proxy before the server that a URL names. What the server sends arrives as `rewrite` makes it. */
export async function startTcpProxy(
  serverUrl: string,
  rewrite: (answer: Buffer) => Buffer = (answer) => answer,
): Promise<TcpProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const upstreams = new Set<Socket>();
  let isCut = false;
  let isFrozen = false;
  let answersLeft = Number.POSITIVE_INFINITY;

  const forward = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (!upstreams.has(from)) return to.write(chunk);
      if (answersLeft-- > 0) return to.write(rewrite(chunk));
      answersLeft = Number.POSITIVE_INFINITY;
      from.destroy();
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isFrozen) from.pause();
  };
  const server = createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    upstreams.add(upstream);
    upstream.on('close', () => upstreams.delete(upstream));
    forward(client, upstream);
    forward(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      breakAll();
    },
    restore() {
      isCut = false;
    },
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    mute() {
      for (const socket of upstreams) socket.pause();
    },
    cutAtAnswer(number) {
      answersLeft = number;
    },
    async close() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
