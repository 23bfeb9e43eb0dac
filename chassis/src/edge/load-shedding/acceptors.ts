import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as SocketServer } from 'node:net';
import { platform } from 'node:os';

export interface Address {
  host: string;
  port: number;
  /** Length of the accept queue of each socket (at most net.core.somaxconn). */
  backlog: number;
}

/**
 * Listen with several sockets on one port (SO_REUSEPORT), because libuv accepts one connection per socket and iteration of the
 * event loop. A busy loop makes 100 to 200 iterations per second, and a gateway opens a connection for each request that finds
 * no idle one: with one socket, the last of a thousand concurrent requests would wait eight seconds to be accepted.
 *
 * On systems without this kind of SO_REUSEPORT, one socket is used.
 */
export async function listenWithAcceptors(server: Server, address: Address, count: number): Promise<SocketServer[]> {
  const reusePort = platform() === 'linux' && count > 1;
  // With SO_REUSEPORT, another process on the same port would not be an error.
  if (reusePort && address.port !== 0) await failIfTaken(address);
  await listening(server, address, reusePort);
  const { port } = server.address() as AddressInfo;
  if (!reusePort) return [server];
  // The options that the HTTP server sets for its own sockets.
  const acceptors = Array.from({ length: count - 1 }, () => createServer({ allowHalfOpen: true, noDelay: true }));
  for (const acceptor of acceptors) {
    acceptor.on('connection', (socket) => server.emit('connection', socket));
    await listening(acceptor, { ...address, port }, true);
  }
  return [server, ...acceptors];
}

async function failIfTaken(address: Address): Promise<void> {
  const probe = createServer();
  await listening(probe, address, false);
  await new Promise((resolve) => probe.close(resolve));
}

async function listening(server: SocketServer, { host, port, backlog }: Address, reusePort: boolean): Promise<void> {
  await once(server.listen({ host, port, backlog, reusePort }), 'listening');
}
