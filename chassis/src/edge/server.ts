import { createServer, type Server } from 'node:http';
import type { AddressInfo, Server as SocketServer } from 'node:net';
import type { Express } from 'express';
import { listenWithAcceptors } from './load-shedding/acceptors.ts';
import { limitConnections } from './load-shedding/connections.ts';
import { LOAD_LIMITS } from './load-shedding/limits.ts';

/** How long a peer may take, and how much it may hold. A test makes the times short. */
export const HTTP_LIMITS = {
  // A gateway sends the head of a request in one piece, so a client that takes this long means no good.
  headersTimeoutMs: 10_000,
  // And the whole of it, which the gateway has before it sends the first byte.
  requestTimeoutMs: 20_000,
  // For as long as this neither side may stop: a client that does not read its answer would hold it in our memory.
  stalledTimeoutMs: 20_000,
  // How often the first two are looked at.
  checkIntervalMs: 2_000,
  // Kong keeps idle upstream connections for 60 s; a service that closes first turns a POST into a 502.
  keepAliveTimeoutMs: 65_000,
  // No request takes longer. Whoever is still sending one when we stop would keep the process from finishing what it has
  // taken on, for Node no longer looks at these times once a server is closing.
  closeWithinMs: 4_000,
  ...LOAD_LIMITS.listening,
};

// Many times the largest head of a real request; more is 431.
const MAX_HEADER_BYTES = 64 * 1024;

export interface RunningServer {
  port: number;
  /** How many there are. */
  connections(): number;
  /** Stop accepting, and resolve when the last running request was answered. */
  close(): Promise<void>;
}

/** Serve `app`; `port` 0 takes a free one. */
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
