import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Counters while orders are placed. */
export interface Tally {
  /** Requests sent, including retries. */
  sent: number;
  /** Final responses by outcome; see `outcomeOf`. */
  outcomes: Record<Outcome, number>;
  /** Responses that were replays of an earlier one. */
  replays: number;
  /** Requests sent again with the same key, by cause. */
  repeats: Map<string, number>;
  /** Responses with 202. */
  accepted: number;
  /** Orders with at least one 202. */
  acceptedOrders: number;
  /** Orders with 202 that are not decided yet. */
  pending: number;
  /** When the last order got its first final response, by `performance.now()`. */
  lastOutcomeAt: number;
  placing: RecordableHistogram;
  replaying: RecordableHistogram;
  deciding: RecordableHistogram;
}

export type Outcome = 'confirmed' | 'rejected' | 'invalid' | 'other';

export function emptyTally(): Tally {
  return {
    sent: 0,
    outcomes: { confirmed: 0, rejected: 0, invalid: 0, other: 0 },
    replays: 0,
    repeats: new Map(),
    accepted: 0,
    acceptedOrders: 0,
    pending: 0,
    lastOutcomeAt: 0,
    placing: createHistogram(),
    replaying: createHistogram(),
    deciding: createHistogram(),
  };
}

/** What a final response means for the order. */
export function outcomeOf(answer: { status: number; code?: string }): Outcome {
  if (answer.status === 201) return 'confirmed';
  if (answer.status === 409 && answer.code === 'order-rejected') return 'rejected';
  return answer.status === 400 || answer.status === 413 ? 'invalid' : 'other';
}

export function countRepeat(tally: Tally, cause: string): void {
  tally.repeats.set(cause, (tally.repeats.get(cause) ?? 0) + 1);
}

/** Histograms record integers from 1: microseconds. */
export function recordMs(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

export interface Percentiles {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Percentiles in milliseconds; undefined if nothing was recorded. */
export function percentilesOf(histogram: RecordableHistogram): Percentiles | undefined {
  if (histogram.count === 0) return undefined;
  const ms = (microseconds: number) => Math.round(microseconds / 100) / 10;
  return {
    count: histogram.count,
    p50: ms(histogram.percentile(50)),
    p95: ms(histogram.percentile(95)),
    p99: ms(histogram.percentile(99)),
    max: ms(histogram.max),
  };
}
