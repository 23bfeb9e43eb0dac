import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

// Kong keeps idle upstream connections for 60 s; a service that closes first turns a POST into a 502.
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
// A request that has not arrived after this long is an attack or a dead client.
const REQUEST_TIMEOUT_MS = 30_000;

export interface RunningServer {
  port: number;
  /** Stop accepting, and resolve when the last running request was answered. */
  close(): Promise<void>;
}

/** Serve `app`; `port` 0 takes a free one. */
export async function listen(app: Express, host: string, port: number): Promise<RunningServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 64 * 1024 }, app);
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.headersTimeout = KEEP_ALIVE_TIMEOUT_MS + 1_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
