import type { Socket } from 'node:net';
import pg from 'pg';
import type { LimitedQuery } from '../../reliable/postgres/connections.ts';
import type { MarkedError } from '../../reliable/postgres/faults.ts';

type Callback = (error: MarkedError | null | undefined, result: pg.QueryResult) => void;

/** Called for each statement that failed, before the caller knows. */
export type OnFailure = (client: pg.Client, error: unknown) => void;

// Of the limit: well below the share of it after which the server ends a statement.
const LONG_BEFORE = 0.75;

/**
 * pg's client with a limit on each statement, for a server that is frozen or unreachable: when it is over, the connection is
 * given up, since nobody knows what is still done on it.
 *
 * pg has such a limit, `query_timeout`, but assigns the function that ends it to a property, as it does with the one that
 * settles its promise. V8 takes a function that is written down in such an assignment for one that stays, and puts it into
 * the old generation, where it holds the statement with all its values and rows until the next full collection. The small
 * collections in between, which should find nothing but garbage, took ten times as long.
 */
export function limitedClient(limitMs: number, onFailure: OnFailure = () => {}): typeof pg.Client {
  return class extends pg.Client {
    override connect(callback?: unknown): never {
      const mark = (error: MarkedError) => Object.assign(error, { connecting: true });
      if (!callback) return super.connect().catch((error) => Promise.reject(mark(error))) as never;
      return super.connect((error: Error | null) =>
        (callback as (error: unknown) => void)(error && mark(error)),
      ) as never;
    }

    // `never` is what suits all the ways to call it.
    override query(statement: unknown, values?: unknown, callback?: unknown): never {
      return (callback ? this.run(statement, values, callback as Callback) : this.promise(statement, values)) as never;
    }

    private async promise(statement: unknown, values: unknown): Promise<pg.QueryResult> {
      const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
      this.run(statement, values, (error, result) => (error ? reject(error) : resolve(result)));
      try {
        return await promise;
      } catch (error) {
        // From here on it tells who asked, and not who read the socket.
        Error.captureStackTrace(error as Error);
        throw error;
      }
    }

    private run(statement: unknown, values: unknown, callback: Callback): void {
      const { limitMs: ms = limitMs } = statement as Partial<LimitedQuery>;
      const timer = setTimeout(() => this.giveUp(), ms);
      const since = performance.now();
      const done: Callback = (error, result) => {
        clearTimeout(timer);
        if (error) {
          // The server's own limit is a little below ours. Its text tells too, in the server's language.
          error.early = performance.now() - since < ms * LONG_BEFORE && !/statement timeout/.test(error.message);
          onFailure(this, error);
        }
        callback(error, result);
      };
      super.query(statement as string, values as unknown[], done);
    }

    private giveUp(): void {
      const { stream } = (this as unknown as { connection: { stream: Socket } }).connection;
      stream.destroy(new Error('Query read timeout'));
    }
  };
}
