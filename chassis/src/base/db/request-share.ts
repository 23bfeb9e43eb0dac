/**
 * The pool as requests see it that are no batch: reads, and writes one by one. They get half of its
 * connections, and wait for one in a line of their own, which is bounded in length and in time: whoever would wait for too
 * long is refused, with nothing done. The other half stays for batches, relay and consumers, so that no flood of reads
 * keeps batches from running or messages from being handled.
 */
import { overloaded } from '../../reliable/refusal.ts';
import type { Connections, Pool, Queryable } from './pool.ts';

export interface RequestShareOptions {
  pool: Pool;
  /** Connections that requests use at the same time, at most. */
  connections: number;
  /** Requests that wait, at most. */
  maxWaiting: number;
  /** Whoever waited for so long is refused. */
  maxWaitMs: number;
}

export interface RequestShare extends Connections {
  /** Requests that wait for their turn. */
  readonly waitingCount: number;
}

/** A share of the pool; see the head of this file. */
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

  /** The place goes to the first in the line, or becomes free. */
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
