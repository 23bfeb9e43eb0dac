/**
 * How a database error is handled: for the session that reported it, for a message consumer, and for the health of the service.
 * One row per SQLSTATE or class (PostgreSQL, appendix A). Other errors are bugs, or concern the content of the statement.
 *
 * The request always gets 503 `unavailable` with `Retry-After`, logged at most once a second.
 */

import { sqlState } from './transaction.ts';

export interface DatabaseFault {
  /** For the log and the documentation. */
  meaning: string;
  /**
   * `leaves`: the session is not reused, because a new one may reach a working server. `all leave`: nor are the other open
   * sessions, because they are connected to the same server.
   */
  session: 'stays' | 'leaves' | 'all leave';
  /**
   * `pauses`: no attempt is counted, and the consumer waits until the database accepts writes. `pauses thrice`: the same, but
   * the message may be the cause: if the database is available right after the error three times in a row, an attempt is
   * counted. `retries`: an attempt is counted, and the message is retried after its delay.
   */
  consumer: 'pauses' | 'pauses thrice' | 'retries';
  /**
   * `failed write`: the server responds but cannot write, and the service is down until a write succeeds. `asked`: the next
   * health check queries the database.
   */
  health: 'asked' | 'failed write';
}

const READ_ONLY = 'the database is read-only: a standby, or a demoted primary';
const CANCELLED = fault('the statement was cancelled by a user', 'stays', 'pauses', 'asked');
const NO_CONNECTION = fault('the database is unreachable', 'leaves', 'pauses thrice', 'asked');

/** By SQLSTATE. A shorter key applies to the rest of its class. */
export const DATABASE_FAULTS: Readonly<Record<string, DatabaseFault>> = {
  '08': fault('connection failure', 'leaves', 'pauses thrice', 'asked'),
  '25006': fault(READ_ONLY, 'all leave', 'pauses', 'failed write'),
  '25P03': fault('idle-in-transaction timeout', 'leaves', 'pauses thrice', 'asked'),
  '25P04': fault('transaction timeout', 'leaves', 'pauses thrice', 'asked'),
  '28': fault('authentication failed', 'leaves', 'pauses', 'asked'),
  '3D000': fault('the database does not exist', 'leaves', 'pauses', 'asked'),
  '40001': fault('serialization failure at every attempt', 'stays', 'retries', 'asked'),
  '40P01': fault('deadlock at every attempt', 'stays', 'retries', 'asked'),
  '53': fault('the server has insufficient resources', 'leaves', 'pauses thrice', 'failed write'),
  '53100': fault('disk full', 'leaves', 'pauses', 'failed write'),
  '53200': fault('out of memory on the server', 'leaves', 'pauses thrice', 'failed write'),
  '53300': fault('too many connections', 'leaves', 'pauses', 'asked'),
  '55P03': fault('lock timeout', 'stays', 'retries', 'asked'),
  '57014': fault('statement timeout', 'stays', 'pauses thrice', 'asked'),
  '57P': fault('the server is shutting down or starting, or ended the session', 'leaves', 'pauses thrice', 'asked'),
  '58': fault('I/O error on the server', 'leaves', 'pauses thrice', 'failed write'),
};

function fault(
  meaning: string,
  session: DatabaseFault['session'],
  consumer: DatabaseFault['consumer'],
  health: DatabaseFault['health'],
): DatabaseFault {
  return { meaning, session, consumer, health };
}

/** The row for a database error; undefined for other errors. */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  const state = sqlState(error);
  if (state === '57014' && isEarly(error)) return CANCELLED;
  // The longest matching prefix.
  const known = [5, 3, 2].map((length) => DATABASE_FAULTS[state?.slice(0, length) ?? '']).find(Boolean);
  if (known) return known;
  return failedToConnect(error) || (!state && isOfConnection(error)) ? NO_CONNECTION : undefined;
}

/**
 * Whether the database was unreachable or unable to work, so that the effect of the statement is unknown, and the same
 * statement may succeed later.
 */
export function isUnavailable(error: unknown): boolean {
  return /^pauses/.test(databaseFault(error)?.consumer ?? '');
}

/** An error with the marks set by limited-client.ts. */
export interface MarkedError extends Error {
  /** It occurred while connecting. Such errors need a mark because some, such as certificate errors, have no SQLSTATE. */
  connecting?: true;
  /** It occurred before the statement's timeout, so the statement was not cancelled by the timeout. */
  early?: boolean;
}

function failedToConnect(error: unknown): boolean {
  return (error as MarkedError | undefined)?.connecting === true;
}

function isEarly(error: unknown): boolean {
  return (error as MarkedError | undefined)?.early === true;
}

/** Checks the shape, because `instanceof Error` fails for errors from another realm (a test, a worker). */
function isOfConnection(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN)/.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable/.test(
      String(message),
    )
  );
}
