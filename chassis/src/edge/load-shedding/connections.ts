import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keep at most `limit` connections. A new connection beyond the limit replaces one without a request in progress: the oldest
 * that never sent a complete request, else the one that has been idle for longest. If the new connection were refused instead,
 * one client with many idle connections could block all others.
 *
 * (A connection with pipelined requests counts as idle after the first response. Gateways do not pipeline, and a client retries
 * after a lost connection.)
 *
 * Returns a function that counts the connections.
 */
export function limitConnections(server: Server, limit: number): () => number {
  // Sets iterate in insertion order, so the first element is the oldest.
  const silent = new Set<Socket>();
  const idle = new Set<Socket>();
  let open = 0;

  server.on('connection', (socket) => {
    open += 1;
    if (open > limit) (takeFirst(silent, idle) ?? socket).destroy();
    silent.add(socket);
    socket.once('close', () => {
      open -= 1;
      silent.delete(socket);
      idle.delete(socket);
    });
  });
  server.on('request', ({ socket }, res) => {
    silent.delete(socket);
    idle.delete(socket);
    res.on('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
  return () => open;
}

/** Removed from its set at once, because its 'close' event comes after other new connections of the same iteration. */
function takeFirst(...sets: Set<Socket>[]): Socket | undefined {
  for (const set of sets) {
    for (const socket of set) {
      set.delete(socket);
      return socket;
    }
  }
  return undefined;
}
