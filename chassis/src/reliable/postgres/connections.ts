import type pg from 'pg';

/** The first parameter of SQL functions: a client in a transaction, or the pool for a single statement. */
export type Queryable = Pick<pg.ClientBase, 'query'>;
export type Transaction = pg.PoolClient;

/** The pool or a share of it, which runs statements and transactions. */
export interface Connections extends Queryable {
  connect(): Promise<Transaction>;
}

/** The whole pool, which can also check whether the database is reachable and accepts writes. */
export interface Database extends Connections {
  takesWrites(): Promise<boolean>;
}

/** A statement with its own timeout, for a pool that limits every statement. pg itself does not read `limitMs`. */
export type LimitedQuery = pg.QueryConfig & { limitMs: number };
