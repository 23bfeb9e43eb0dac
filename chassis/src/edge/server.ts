import { createServer, type Server } from 'node:http';
import type { AddressInfo, Server as SocketServer } from 'node:net';
import type { Express } from 'express';
import { listenWithAcceptors } from './load-shedding/acceptors.ts';
import { limitConnections } from './load-shedding/connections.ts';
import { LOAD_LIMITS } from './load-shedding/limits.ts';

/** Timeouts and limits of connections. Tests use shorter timeouts. */
export const HTTP_LIMITS = {
  // A gateway sends all headers of a request at once, so only a faulty or malicious client takes this long.
  headersTimeoutMs: 10_000,
  // For the whole request. The gateway sends it only after it has received all of it.
  requestTimeoutMs: 20_000,
  // Without data in either direction. A client that does not read a response would otherwise keep it in memory.
  stalledTimeoutMs: 20_000,
  // Interval at which the first two are checked.
  checkIntervalMs: 2_000,
  // Kong keeps idle upstream connections for 60 s. If the service closed first, a POST could become a 502.
  keepAliveTimeoutMs: 65_000,
  // No request takes longer. A client that is still sending one at shutdown would block it, because Node.js does not enforce
  // the timeouts above once a server is closing.
  closeWithinMs: 4_000,
  ...LOAD_LIMITS.listening,
};

// Many times the size of real headers; more is 431.
const MAX_HEADER_BYTES = 64 * 1024;

export interface RunningServer {
  port: number;
  /** Number of open connections. */
  connections(): number;
  /** Stop accepting connections; resolves after the last response. */
  close(): Promise<void>;
}

/** Serve `app`; `port` 0 selects a free port. */
export async function listen(app: Express, host: string, port: number, limits = HTTP_LIMITS): Promise<RunningServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
    app,
  );
  server.timeout = limits.stalledTimeoutMs;
  const connections = limitConnections(server, limits.connections);
  const acceptors = await listenWithAcceptors(server, { host, port, backlog: limits.backlog }, limits.acceptors);
  const { port: taken } = server.address() as AddressInfo;
  return { port: taken, connections, close: () => close(server, acceptors, limits.closeWithinMs) };
}

async function close(server: Server, acceptors: readonly SocketServer[], withinMs: number): Promise<void> {
  const closed = Promise.all(acceptors.map((one) => new Promise((resolve) => one.close(resolve))));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearTimeout(force);
}
