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
  /** A function is asked at each new connection: a password may change. */
  connectionString: string | (() => string);
  applicationName: string;
  /** Connections at most. */
  max: number;
  /** Instead of those of a service. */
  limits?: Partial<PoolLimits>;
}

export interface PoolLimits {
  connectMs: number;
  /** For a row that somebody else holds. */
  lockMs: number;
  /** Enforced by the server. */
  statementMs: number;
  /** Enforced here, for a server that is frozen or unreachable and so cannot enforce the one above. */
  queryMs: number;
}

// A request must be answered within 2.5 s, so a statement that takes longer is of no use to anyone.
// A twin may wait 1 s for the first request with its key; nothing else should ever wait so long for a row.
const LIMITS: PoolLimits = { connectMs: 1_000, lockMs: 1_000, statementMs: 2_000, queryMs: 2_300 };
// A transaction whose process is stopped between two statements must not hold its locks for ever.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

// A plan is made once per connection and kept, so it must be the one for a large table, even where the table is small or
// its statistics are old: docs/adr/0013. Just-in-time compilation pays for statements a hundred times as long.
const PLANS = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', jit: 'off' };

const LOGGED_EVERY_MS = 10_000;

/** A pool whose statements are planned once: with arrays as parameters a generic plan is always the right one. */
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
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => error instanceof RetiredSession || logBroken(error));
  // So would one that breaks before its borrower could listen: the server's welcome and its farewell may come in one
  // packet, to a process that was frozen, say. The borrower's first query fails, and the pool drops the client.
  pool.on('connect', (client) => client.on('error', () => {}));
  return Object.assign(pool, { takesWrites: writes.takesWrites });
}

/** A client that learns at each connection where to connect, and as whom. */
function connectingTo(target: PoolOptions['connectionString'], Client: typeof pg.Client): typeof pg.Client {
  return class extends Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: typeof target === 'string' ? target : target() });
    }
  };
}
