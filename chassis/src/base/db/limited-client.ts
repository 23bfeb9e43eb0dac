import type { Socket } from 'node:net';
import pg from 'pg';
import type { LimitedQuery } from '../../reliable/postgres/connections.ts';
import type { MarkedError } from '../../reliable/postgres/faults.ts';

type Callback = (error: MarkedError | null | undefined, result: pg.QueryResult) => void;

/** Called for each failed statement, before its promise rejects. */
export type OnFailure = (client: pg.Client, error: unknown) => void;

// Fraction of the limit, well below the point at which the server's own timeout ends a statement.
const LONG_BEFORE = 0.75;

/**
 * pg's client with a timeout for each statement, for a server that is frozen or unreachable. On a timeout the connection is
 * destroyed, because its state is unknown.
 *
 * pg has such a timeout, `query_timeout`, but assigns the function that ends it to a property, as it does with the function that
 * settles its promise. V8 allocates a function literal in such an assignment in the old generation, where it retains the
 * statement with all its values and rows until the next full garbage collection. Minor collections took ten times as long.
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

    // `never` is compatible with all overloads.
    override query(statement: unknown, values?: unknown, callback?: unknown): never {
      return (callback ? this.run(statement, values, callback as Callback) : this.promise(statement, values)) as never;
    }

    private async promise(statement: unknown, values: unknown): Promise<pg.QueryResult> {
      const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
      this.run(statement, values, (error, result) => (error ? reject(error) : resolve(result)));
      try {
        return await promise;
      } catch (error) {
        // Replaces the stack of the socket's reader with that of the caller.
        Error.captureStackTrace(error as Error);
        throw error;
      }
    }

    private run(statement: unknown, values: unknown, callback: Callback): void {
      const { limitMs: ms = limitMs } = statement as Partial<LimitedQuery>;
      const timer = setTimeout(() => this.destroyConnection(), ms);
      const since = performance.now();
      const done: Callback = (error, result) => {
        clearTimeout(timer);
        if (error) {
          // The server's timeout is a little shorter than this one. Its message would identify it, but only in English.
          error.early = performance.now() - since < ms * LONG_BEFORE && !/statement timeout/.test(error.message);
          onFailure(this, error);
        }
        callback(error, result);
      };
      super.query(statement as string, values as unknown[], done);
    }

    private destroyConnection(): void {
      const { stream } = (this as unknown as { connection: { stream: Socket } }).connection;
      stream.destroy(new Error('Query read timeout'));
    }
  };
}
