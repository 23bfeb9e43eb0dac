/**
 * The connections for requests outside of batches: reads and single writes. They use half of the pool's connections and wait
 * for one in a queue that is bounded in length and in time; a request beyond the bounds is refused before it has any effect.
 * The other connections are left to batches, relay and consumers, so that many reads cannot stop them.
 */
import { overloaded } from '../../reliable/refusal.ts';
import type { Connections, Pool, Queryable } from './pool.ts';

export interface RequestShareOptions {
  pool: Pool;
  /** Maximum number of connections in use. */
  connections: number;
  /** Maximum number of waiting requests. */
  maxWaiting: number;
  /** A request that waited for this long is refused. */
  maxWaitMs: number;
}

export interface RequestShare extends Connections {
  /** Number of requests that wait for a connection. */
  readonly waitingCount: number;
}

/** Create a share of the pool; see the header of this file. */
export function createRequestShare({ pool, connections, maxWaiting, maxWaitMs }: RequestShareOptions): RequestShare {
  let used = 0;
  const line = new Set<() => void>();

  async function enter(): Promise<void> {
    if (used < connections) {
      used += 1;
      return;
    }
    if (line.size >= maxWaiting) throw overloaded();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        line.delete(start);
        reject(overloaded());
      }, maxWaitMs);
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      line.add(start);
    });
  }

  /** Pass the place to the first waiting request, or free it. */
  function leave(): void {
    const [next] = line;
    if (!next) {
      used -= 1;
      return;
    }
    line.delete(next);
    next();
  }

  async function connect() {
    await enter();
    const client = await pool.connect().catch((error: unknown) => {
      leave();
      throw error;
    });
    const release = client.release;
    client.release = (error) => {
      client.release = release;
      release.call(client, error);
      leave();
    };
    return client;
  }

  async function query(...statement: Parameters<Queryable['query']>) {
    await enter();
    try {
      return await pool.query(...statement);
    } finally {
      leave();
    }
  }

  return {
    connect,
    query: query as unknown as Queryable['query'],
    get waitingCount() {
      return line.size;
    },
  };
}
