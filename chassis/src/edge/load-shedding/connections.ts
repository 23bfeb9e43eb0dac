import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keep at most `limit` connections. A newcomer beyond it takes the place of one that does nothing: the oldest that never
 * sent a whole request, else the one that has been idle for longest. Turning the newcomer away instead would let whoever
 * holds many idle connections shut out everybody else.
 *
 * (Of a connection with several requests under way at once, the first answer makes an idle one. No gateway does that, and
 * a client whose connection breaks repeats its request.)
 *
 * Returns how many there are.
 */
export function limitConnections(server: Server, limit: number): () => number {
  // Sets iterate in the order of insertion, so the first is the oldest.
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

/** Out of its set at once: it closes only later, and each newcomer of this turn needs a place of its own. */
function takeFirst(...sets: Set<Socket>[]): Socket | undefined {
  for (const set of sets) {
    for (const socket of set) {
      set.delete(socket);
      return socket;
    }
  }
  return undefined;
}
