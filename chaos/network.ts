/**
 * The network between the services, to the broker and to the databases: each link is a proxy that can be broken. Links are
 * created before the system starts, because the services are configured with the links' ports instead of the real ones.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export const linkNames = [
  'order to inventory-1',
  'order to inventory-2',
  'order to broker',
  'inventory to broker',
  'order to order-db',
  'inventory to inventory-db',
  'account to order-1',
  'account to order-2',
  'account to broker',
  'account to account-db',
] as const;
export type LinkName = (typeof linkNames)[number];

/**
 * - `pass`: as if there were no proxy.
 * - `blackhole`: nothing passes, without an error; data sent meanwhile arrives when it is over, as with TCP.
 * - `refuse`: connections are closed, and new ones are refused.
 * - `lose-answers`: what clients send arrives; one answer in five does not, and its connection breaks. To a database,
 *   that is the lost answer to a COMMIT; to the broker, the lost confirm.
 * - `delay`: every byte is delayed.
 */
export type LinkMode = 'pass' | 'blackhole' | 'refuse' | 'lose-answers' | 'delay';

export interface Link {
  port: number;
  aimAt: (port: number) => void;
  set: (mode: LinkMode) => void;
  close: () => Promise<void>;
}

export type Network = Record<LinkName, Link>;

// Slower than any response of a healthy system, faster than every deadline.
const DELAY_MS = 300;
// Often enough to lose every kind of response, rarely enough that work continues and reaches the later ones.
const LOST_SHARE = 0.2;

/** All links, without targets. */
export async function openNetwork(): Promise<Network> {
  const links = await Promise.all(linkNames.map(async (name) => [name, await openLink()] as const));
  return Object.fromEntries(links) as Network;
}

/** One link; it refuses connections until it has a target. */
export async function openLink(lost = LOST_SHARE): Promise<Link> {
  const sockets = new Set<Socket>();
  let target: number | undefined;
  let mode: LinkMode = 'pass';

  function forward(from: Socket, to: Socket, isAnswer: boolean): void {
    sockets.add(from);
    const write = (chunk: Buffer) => to.writable && to.write(chunk);
    from.on('data', (chunk: Buffer) => {
      if (mode === 'lose-answers' && isAnswer && Math.random() < lost) {
        from.destroy();
        to.destroy();
      } else if (mode === 'delay') {
        setTimeout(() => write(chunk), DELAY_MS);
      } else write(chunk);
    });
    from.on('error', () => {}); // 'close' informs the other side
    from.on('close', () => {
      sockets.delete(from);
      // The end of a stream is treated like data: it does not pass a blackhole, nor overtake delayed data.
      if (mode === 'delay') setTimeout(() => to.destroy(), DELAY_MS);
      else to.destroy();
    });
    if (mode === 'blackhole') from.pause();
  }

  const server = createServer((client) => {
    if (mode === 'refuse' || target === undefined) return client.destroy();
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) socket.setNoDelay();
    forward(client, upstream, false);
    forward(upstream, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    port: (server.address() as AddressInfo).port,
    aimAt: (port) => {
      target = port;
    },
    set: (next) => {
      mode = next;
      if (mode === 'refuse') breakAll();
      for (const socket of sockets) {
        if (mode === 'blackhole') socket.pause();
        else socket.resume();
      }
    },
    close: async () => {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
