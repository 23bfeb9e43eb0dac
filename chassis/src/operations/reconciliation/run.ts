import type { Transaction } from '../../base/db/pool.ts';

/*
 *   (due, or asked for) -> running   if no other run is
 *   running -> finished  everything was compared; what was found is the service's state of knowledge
 *   running -> failed    something could not be asked, or its process ended; what was known before stays
 */

export type RunStatus = 'running' | 'finished' | 'failed';

/** Two records of one thing that do not agree. */
export interface Mismatch {
  /** One of a fixed set: it is a label of the gauge. */
  kind: string;
  /** Of what it concerns: an id. */
  subject: string;
  expected: string | number;
  found: string | number;
  /** Why that is expected. */
  because: string;
  /** What a person can do, or what is done already. */
  proposal: string;
  /** Whether the lost command was written again. */
  repaired: boolean;
}

/** A comparison, as HTTP shows it. */
export interface Run {
  id: string;
  status: RunStatus;
  /** Absent when its time had come by itself. */
  requestedBy?: string;
  /** Whether everything is compared; if not, what is new, open or known to differ. */
  full: boolean;
  startedAt: Date;
  finishedAt?: Date;
  error?: string;
  /** How many of what were compared. */
  checked: Record<string, number>;
  /** Mismatches found. */
  total: number;
  kinds: Record<string, number>;
  repaired: number;
}

/** What a comparison is to do, and where it puts what it finds. */
export interface Findings {
  /** Whether to compare all of the history, and not only what is new, open or known to differ. */
  readonly isFull: boolean;
  /** The kinds of mismatch that the last finished run found, with their numbers. */
  readonly known: Readonly<Record<string, number>>;
  /** When the run began, by the database's clock. */
  readonly startedAt: Date;
  /** Aborted when the process stops or has lost its lease; the comparison ends at its next step. */
  readonly signal: AbortSignal;
  count(what: string, many: number): void;
  report(mismatch: Mismatch): void;
  /** Write this in the transaction that finishes the run, and only then. */
  atEnd(write: (trx: Transaction) => Promise<void>): void;
}

/** A comparison that cannot be completed, for a reason that an operator may read. */
export class ComparisonError extends Error {}

// A fault can touch every row. So many examples are enough for a person, and few enough for one row and its answer.
export const LISTED_AT_MOST = 500;

/** What a run has found so far: the first mismatches, and the numbers of all. */
export interface Found {
  checked: Record<string, number>;
  kinds: Record<string, number>;
  repaired: number;
  mismatches: Mismatch[];
}

/** Nothing yet. */
export function nothingFound(): Found {
  return { checked: {}, kinds: {}, repaired: 0, mismatches: [] };
}

/** Add a mismatch; returns whether it is one of those that are listed. */
export function addMismatch(found: Found, mismatch: Mismatch): boolean {
  found.kinds[mismatch.kind] = (found.kinds[mismatch.kind] ?? 0) + 1;
  if (mismatch.repaired) found.repaired += 1;
  if (found.mismatches.length >= LISTED_AT_MOST) return false;
  found.mismatches.push(mismatch);
  return true;
}
