import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can interrupt the connections to a server. */
export interface TcpProxy {
  /** The server's URL with the proxy's address in it. */
  url: string;
  /** Close all connections, and each new one immediately. */
  cut(): void;
  restore(): void;
  /** Keep connections open without forwarding data. */
  freeze(): void;
  thaw(): void;
  /** On existing connections, forward data to the server but none from it. */
  mute(): void;
  /** Close the connection instead of forwarding the server's data chunk with this number, counted from 0. */
  cutAtAnswer(number: number): void;
  close(): Promise<void>;
}

/** Start a proxy for the server of a URL. Data from the server passes through `rewrite`. */
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
