import pg from 'pg';
import { databaseFault } from '../../reliable/postgres/faults.ts';
import { throttled } from '../../reliable/throttled.ts';
import type { Logger } from '../telemetry/log.ts';
import { limitedClient, type OnFailure } from './limited-client.ts';
import { RetiredSession, retireSessions } from './retire-sessions.ts';
import { sessionOptions } from './session-settings.ts';
import { strictTypes } from './strict-types.ts';
import { type Writability, watchWrites } from './writability.ts';

export type { Connections, Queryable, Transaction } from '../../reliable/postgres/connections.ts';
export type Pool = pg.Pool & Writability;

export interface PoolOptions {
  /** A function is called for each new connection, because the password may change. */
  connectionString: string | (() => string);
  applicationName: string;
  /** Maximum number of connections. */
  max: number;
  /** Overrides of the default limits. */
  limits?: Partial<PoolLimits>;
}

export interface PoolLimits {
  connectMs: number;
  /** Wait for a row that another session has locked. */
  lockMs: number;
  /** Enforced by the server. */
  statementMs: number;
  /** Enforced by the client, for a server that is frozen or unreachable and cannot enforce `statementMs`. */
  queryMs: number;
}

// A request must be answered within 2.5 s, so a statement that takes longer is useless. A concurrent retry may wait 1 s for
// the first request with its key; nothing else should wait that long for a row.
const LIMITS: PoolLimits = { connectMs: 1_000, lockMs: 1_000, statementMs: 2_000, queryMs: 2_300 };
// A process that is frozen between two statements must not hold its locks for ever.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

// A plan is made once per connection and cached, so it must be suited to a large table, even if the table is small or its
// statistics are outdated: docs/adr/0013. JIT compilation only pays for statements that take a hundred times as long.
const PLANS = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', jit: 'off' };

const LOGGED_EVERY_MS = 10_000;

/** Create a pool that uses generic plans, which are always suitable for statements with array parameters. */
export function createPool({ connectionString, applicationName, max, limits: others }: PoolOptions, log: Logger): Pool {
  const limits = { ...LIMITS, ...others };
  const onFailure: OnFailure = (client, error) => {
    const fault = databaseFault(error);
    if (!fault) return;
    retire(client, fault);
    writes.failed(error, fault);
  };
  const pool = new pg.Pool({
    application_name: applicationName,
    max,
    connectionTimeoutMillis: limits.connectMs,
    Client: connectingTo(connectionString, limitedClient(limits.queryMs, onFailure)),
    statement_timeout: limits.statementMs,
    lock_timeout: limits.lockMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    types: strictTypes,
    options: sessionOptions(PLANS),
  });
  const retire = retireSessions(pool);
  const writes = watchWrites(pool, log);
  const logBroken = throttled(LOGGED_EVERY_MS, (others, error: Error) =>
    log.warn({ err: error, others }, 'idle database connection failed'),
  );
  // The pool replaces an idle connection that fails; without a listener, the 'error' event would terminate the process.
  pool.on('error', (error) => error instanceof RetiredSession || logBroken(error));
  // The same applies to a new connection that fails before its user has added a listener: for a process that was frozen, the
  // server's greeting and its end may arrive in one packet. The first query then fails, and the pool discards the client.
  pool.on('connect', (client) => client.on('error', () => {}));
  return Object.assign(pool, { takesWrites: writes.takesWrites });
}

/** A client class that evaluates the connection string for each connection. */
function connectingTo(target: PoolOptions['connectionString'], Client: typeof pg.Client): typeof pg.Client {
  return class extends Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: typeof target === 'string' ? target : target() });
    }
  };
}
