import { createServer } from 'node:net';

// Below the kernel's range for outgoing connections: in that range, a port that is briefly free because its part was
// killed could be taken by any client, or a client that retries could connect to itself.
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 32_000;

/** Whether a server can listen on this port of 127.0.0.1 now. */
export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** A free port for each name; its previous port if that is still free. */
export async function choosePorts<Name extends string>(
  names: readonly Name[],
  before: Partial<Record<string, number>> = {},
): Promise<Record<Name, number>> {
  const chosen: Partial<Record<Name, number>> = {};
  const taken = new Set<number>();
  for (const name of names) {
    let port = before[name] ?? nextPort();
    while (taken.has(port) || !(await isFree(port))) port = nextPort();
    taken.add(port);
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}

// A port is chosen seconds before its part listens. Systems that start at the same time have different pids, so each starts
// its search at a different port.
const PORTS_OF_A_PROCESS = 16;
let next = (process.pid * PORTS_OF_A_PROCESS) % (HIGHEST_PORT - LOWEST_PORT);

function nextPort(): number {
  next = (next + 1) % (HIGHEST_PORT - LOWEST_PORT);
  return LOWEST_PORT + next;
}
