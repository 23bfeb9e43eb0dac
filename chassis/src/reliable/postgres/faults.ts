/**
 * What an error of the database means for the request that met it, for the session that reported it, for the consumer of a
 * message and for the health of the service. A row for each SQLSTATE or class of them (PostgreSQL, appendix A); an error
 * that is not here is a bug of ours, or refuses the statement's content.
 *
 * For the request it is always 503 `unavailable` with `Retry-After`, logged once a second at most.
 */

import { sqlState } from './transaction.ts';

export interface DatabaseFault {
  /** For the log, and for a person who reads the table. */
  meaning: string;
  /**
   * `leaves`: the session is not used again, because the next one may reach a server that works. `all leave`: those that were
   * opened before it too, because they are connected to the same server.
   */
  session: 'stays' | 'leaves' | 'all leave';
  /**
   * `pauses`: no attempt counts, and the consumer waits until the database takes writes. `pauses thrice`: the same, but the
   * message may be the cause, so it is an attempt when the database worked right after it, three times in a row. `retries`:
   * an attempt, tried again after its delay.
   */
  consumer: 'pauses' | 'pauses thrice' | 'retries';
  /**
   * `failed write`: the server answers and does not write. The service is down until a write succeeds. `asked`: whether it
   * is down, the next question to the database shows.
   */
  health: 'asked' | 'failed write';
}

const READ_ONLY = 'the database is read-only: a standby, or a demoted primary';
const CANCELLED = fault('a person cancelled the statement', 'stays', 'pauses', 'asked');
const NO_CONNECTION = fault('the database cannot be reached', 'leaves', 'pauses thrice', 'asked');

/** By SQLSTATE; a shorter key is for the rest of its class. */
export const DATABASE_FAULTS: Readonly<Record<string, DatabaseFault>> = {
  '08': fault('the connection failed', 'leaves', 'pauses thrice', 'asked'),
  '25006': fault(READ_ONLY, 'all leave', 'pauses', 'failed write'),
  '25P03': fault('the transaction was idle for too long', 'leaves', 'pauses thrice', 'asked'),
  '25P04': fault('the transaction took too long', 'leaves', 'pauses thrice', 'asked'),
  '28': fault('the role or its password is not accepted', 'leaves', 'pauses', 'asked'),
  '3D000': fault('the database does not exist', 'leaves', 'pauses', 'asked'),
  '40001': fault('another transaction came first, at every attempt', 'stays', 'retries', 'asked'),
  '40P01': fault('a deadlock, at every attempt', 'stays', 'retries', 'asked'),
  '53': fault('the server lacks a resource', 'leaves', 'pauses thrice', 'failed write'),
  '53100': fault('the disk is full', 'leaves', 'pauses', 'failed write'),
  '53200': fault('the server is out of memory', 'leaves', 'pauses thrice', 'failed write'),
  '53300': fault('no connection is left', 'leaves', 'pauses', 'asked'),
  '55P03': fault('another transaction kept its lock for too long', 'stays', 'retries', 'asked'),
  '57014': fault('the statement took too long', 'stays', 'pauses thrice', 'asked'),
  '57P': fault('the server stops, starts, or ended the session', 'leaves', 'pauses thrice', 'asked'),
  '58': fault('an I/O error of the server', 'leaves', 'pauses thrice', 'failed write'),
};

function fault(
  meaning: string,
  session: DatabaseFault['session'],
  consumer: DatabaseFault['consumer'],
  health: DatabaseFault['health'],
): DatabaseFault {
  return { meaning, session, consumer, health };
}

/** What an error of the database means; undefined for any other error. */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  const state = sqlState(error);
  if (state === '57014' && isEarly(error)) return CANCELLED;
  // The longest key that it begins with.
  const known = [5, 3, 2].map((length) => DATABASE_FAULTS[state?.slice(0, length) ?? '']).find(Boolean);
  if (known) return known;
  return failedToConnect(error) || (!state && isOfConnection(error)) ? NO_CONNECTION : undefined;
}

/**
 * Whether the database could not be reached, went away or could not do its work, so that nothing is known of the statement's
 * effect, and the same statement may succeed later.
 */
export function isUnavailable(error: unknown): boolean {
  return /^pauses/.test(databaseFault(error)?.consumer ?? '');
}

/** An error as the client marks it: see limited-client.ts. */
export interface MarkedError extends Error {
  /** Before there was a session, whatever it says: a wrong certificate, say, has no SQLSTATE. */
  connecting?: true;
  /** It came before the statement's limit, so what cancelled the statement was not its limit. */
  early?: boolean;
}

function failedToConnect(error: unknown): boolean {
  return (error as MarkedError | undefined)?.connecting === true;
}

function isEarly(error: unknown): boolean {
  return (error as MarkedError | undefined)?.early === true;
}

/** By shape: an error of another realm (a test's, a worker's) is no instance of this one's Error. */
function isOfConnection(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN)/.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable/.test(
      String(message),
    )
  );
}
