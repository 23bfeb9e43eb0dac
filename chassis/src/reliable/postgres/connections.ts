import type pg from 'pg';

/** What a SQL function takes first: a client inside a transaction, or the pool for a single statement. */
export type Queryable = Pick<pg.ClientBase, 'query'>;
export type Transaction = pg.PoolClient;

/** The pool or a share of it: what runs statements and transactions. */
export interface Connections extends Queryable {
  connect(): Promise<Transaction>;
}

/** The whole pool, which also says whether its database can be reached and takes writes. */
export interface Database extends Connections {
  takesWrites(): Promise<boolean>;
}

/** A statement with a limit of its own, for a pool that limits each; pg itself does not read `limitMs`. */
export type LimitedQuery = pg.QueryConfig & { limitMs: number };
