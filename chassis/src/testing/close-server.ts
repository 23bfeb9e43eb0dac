import type { Server } from 'node:http';

/** Close a server with the connections that its clients keep open. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
