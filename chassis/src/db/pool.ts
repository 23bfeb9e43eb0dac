import pg from 'pg';
import type { Logger } from '../telemetry/log.ts';
import { limitedClient } from './limited-client.ts';

/** What a SQL function takes first: a client inside a transaction, or the pool for a single statement. */
export type Queryable = Pick<pg.ClientBase, 'query'>;
export type Transaction = pg.PoolClient;
export type Pool = pg.Pool;
/** The pool or a share of it: what runs statements and transactions. */
export interface Connections extends Queryable {
  connect(): Promise<Transaction>;
}

export interface PoolOptions {
  connectionString: string;
  applicationName: string;
  /** Connections at most. */
  max: number;
  /** Instead of those of a service. */
  limits?: PoolLimits;
}

export interface PoolLimits {
  connectMs: number;
  /** Enforced by the server. */
  statementMs: number;
  /** Enforced here, for a server that is frozen or unreachable and so cannot enforce the one above. */
  queryMs: number;
}

// An order must be answered within 2.5 s, so a statement that takes longer is of no use to anyone.
const LIMITS: PoolLimits = { connectMs: 1_000, statementMs: 2_000, queryMs: 2_300 };
// A twin may wait this long for the first request with its key; nothing else should ever wait so long for a row.
const LOCK_TIMEOUT_MS = 1_000;
// A transaction whose process is stopped between two statements must not hold its locks for ever.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

// A plan is made once per connection and kept, so it must be the one for a large table, even where the table is small or
// its statistics are old: docs/adr/0013. Just-in-time compilation pays for statements a hundred times as long.
const PLANS = ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'jit=off'];

/** A pool whose statements are planned once: with arrays as parameters a generic plan is always the right one. */
export function createPool(options: PoolOptions, log: Logger): Pool {
  const { limits = LIMITS } = options;
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max,
    connectionTimeoutMillis: limits.connectMs,
    Client: limitedClient(limits.queryMs),
    statement_timeout: limits.statementMs,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    options: PLANS.map((setting) => `-c ${setting}`).join(' '),
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  // So would one that breaks before its borrower could listen: the server's welcome and its farewell may come in one
  // packet, to a process that was frozen, say. The borrower's first query fails, and the pool drops the client.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
