import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as SocketServer } from 'node:net';
import { platform } from 'node:os';

export interface Address {
  host: string;
  port: number;
  /** Connections that the kernel keeps for each listener while we are busy (at most net.core.somaxconn). */
  backlog: number;
}

/**
 * Listen with several sockets on one port (SO_REUSEPORT), for libuv takes one connection per socket and turn of the event
 * loop. A busy loop makes 100 to 200 turns in a second, and a gateway opens a connection for each request that it cannot
 * put on an idle one: with one socket, a process that suddenly has a thousand requests under way lets the last of them
 * wait for eight seconds before it even sees it.
 *
 * Where the system has no SO_REUSEPORT of this kind, one socket has to do.
 */
export async function listenWithAcceptors(server: Server, address: Address, count: number): Promise<SocketServer[]> {
  const reusePort = platform() === 'linux' && count > 1;
  // Sockets that share a port do not notice another process that shares it too.
  if (reusePort && address.port !== 0) await failIfTaken(address);
  await listening(server, address, reusePort);
  const { port } = server.address() as AddressInfo;
  if (!reusePort) return [server];
  // As the HTTP server makes its own sockets.
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
