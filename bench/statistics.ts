/** The arithmetic of a run as pure functions: from samples and slices to rates, and from rounds to ratios. */

import type { Samples } from './client/job.ts';

/** A time slice of a measurement, in epoch milliseconds, and the cores that other processes used in it. */
export interface Slice {
  from: number;
  to: number;
  othersCores: number;
}

export interface Spread {
  median: number;
  least: number;
  most: number;
}

// What the system services of an idle machine use; too little to change a rate by more than its noise.
export const OTHERS_CORES_AT_MOST = 0.15;
// With fewer slices, the rest is only a sample of quiet moments.
const LEAST_CLEAN_SHARE = 0.5;

/** The undisturbed slices, and whether they are enough; if not, all slices, for a rough estimate. */
export function dropDisturbed(slices: readonly Slice[]): { kept: readonly Slice[]; dropped: number; isClean: boolean } {
  const kept = slices.filter(({ othersCores }) => othersCores <= OTHERS_CORES_AT_MOST);
  const isClean = kept.length > 0 && kept.length >= LEAST_CLEAN_SHARE * slices.length;
  return { kept: isClean ? kept : slices, dropped: slices.length - kept.length, isClean };
}

export interface Reduced {
  /** Expected outcomes per second. */
  rate: number;
  /** All outcomes per second. */
  requests: number;
  p50: number;
  p99: number;
  /** The number of each unexpected outcome. */
  failures: Record<string, number>;
}

/** The results of these slices; `isGood` identifies expected outcomes. */
export function reduceSamples(samples: Samples, slices: readonly Slice[], isGood: (name: string) => boolean): Reduced {
  const good = samples.names.map(isGood);
  const times: number[] = [];
  const failures: Record<string, number> = {};
  let requests = 0;
  let done = 0;
  for (const [n, at] of samples.at.entries()) {
    if (!slices.some(({ from, to }) => at >= from && at < to)) continue;
    const weight = samples.weight[n] as number;
    requests += weight;
    const outcome = samples.outcome[n] as number;
    const name = samples.names[outcome] as string;
    if (good[outcome]) {
      done += weight;
      times.push(samples.ms[n] as number);
    } else {
      failures[name] = (failures[name] ?? 0) + 1;
    }
  }
  times.sort((a, b) => a - b);
  const seconds = slices.reduce((sum, { from, to }) => sum + to - from, 0) / 1_000;
  const rate = seconds > 0 ? done / seconds : 0;
  return { rate, requests, p50: quantile(times, 0.5), p99: quantile(times, 0.99), failures };
}

/** The quantile of sorted values; NaN without values. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median, minimum and maximum; undefined without values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  const median = ((sorted[low] as number) + (sorted[high] as number)) / 2;
  return { median, least: sorted[0] as number, most: sorted.at(-1) as number };
}

/**
 * The spread of `of / to` over the rounds. Both values of a ratio are from the same round, so that conditions of the
 * machine affect both.
 */
export function ratioOver<Round>(
  rounds: readonly Round[],
  of: (round: Round) => number | undefined,
  to: (round: Round) => number | undefined,
): Spread | undefined {
  const ratios = rounds.map((round) => (of(round) ?? Number.NaN) / (to(round) ?? Number.NaN));
  return spreadOf(ratios.filter(Number.isFinite));
}

/** The entries of a round, rotated: each round begins with another entry, so that none always follows the same one. */
export function rotated<T>(entries: readonly T[], round: number): T[] {
  const shift = entries.length === 0 ? 0 : round % entries.length;
  return [...entries.slice(shift), ...entries.slice(0, shift)];
}
