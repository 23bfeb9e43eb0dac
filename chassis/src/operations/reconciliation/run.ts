import type { Transaction } from '../../base/db/pool.ts';

/*
 *   (due, or requested) -> running   if no other run is active
 *   running -> finished  the comparison is complete, and its result is the current one
 *   running -> failed    a query failed, or the process ended; the previous result stays the current one
 */

export type RunStatus = 'running' | 'finished' | 'failed';

/** Two records of the same thing that do not agree. */
export interface Mismatch {
  /** One of a fixed set, because it is a label of the gauge. */
  kind: string;
  /** Id of the affected record. */
  subject: string;
  expected: string | number;
  found: string | number;
  /** Reason for the expected value. */
  because: string;
  /** What an operator can do, or what was done automatically. */
  proposal: string;
  /** Whether the lost command was sent again. */
  repaired: boolean;
}

/** A run in HTTP responses. */
export interface Run {
  id: string;
  status: RunStatus;
  /** Absent for scheduled runs. */
  requestedBy?: string;
  /** Whether all records are compared, or only new, open and known mismatching ones. */
  full: boolean;
  startedAt: Date;
  finishedAt?: Date;
  error?: string;
  /** Number of compared records, by kind. */
  checked: Record<string, number>;
  /** Number of mismatches. */
  total: number;
  kinds: Record<string, number>;
  repaired: number;
}

/** Input of a comparison, and functions to report its results. */
export interface Findings {
  /** Whether to compare all records, or only new, open and known mismatching ones. */
  readonly isFull: boolean;
  /** Number of mismatches of the last finished run, by kind. */
  readonly known: Readonly<Record<string, number>>;
  /** Start of the run, by the database's clock. */
  readonly startedAt: Date;
  /** Aborted when the process stops or has lost its lease; the comparison must then end at its next step. */
  readonly signal: AbortSignal;
  count(what: string, many: number): void;
  report(mismatch: Mismatch): void;
  /** Register a write for the transaction that finishes the run. */
  atEnd(write: (trx: Transaction) => Promise<void>): void;
}

/** A comparison cannot be completed; the message is shown to operators. */
export class ComparisonError extends Error {}

// One bug can affect every row. This many examples are enough for a person, and fit into one row and one response.
export const LISTED_AT_MOST = 500;

/** Intermediate result of a run: the first mismatches, and the counts of all. */
export interface Found {
  checked: Record<string, number>;
  kinds: Record<string, number>;
  repaired: number;
  mismatches: Mismatch[];
}

/** An empty result. */
export function nothingFound(): Found {
  return { checked: {}, kinds: {}, repaired: 0, mismatches: [] };
}

/** Add a mismatch; returns whether it is listed. */
export function addMismatch(found: Found, mismatch: Mismatch): boolean {
  found.kinds[mismatch.kind] = (found.kinds[mismatch.kind] ?? 0) + 1;
  if (mismatch.repaired) found.repaired += 1;
  if (found.mismatches.length >= LISTED_AT_MOST) return false;
  found.mismatches.push(mismatch);
  return true;
}
