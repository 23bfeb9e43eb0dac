/** The arithmetic of a run, pure: from samples and slices of time to rates, and from rounds to ratios. */

import type { Samples } from './client/job.ts';

/** A piece of a measurement's time, in epoch milliseconds, and how many cores others used in it. */
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

// What an idle machine's own services take, and not enough to move a rate by more than its noise.
export const OTHERS_CORES_AT_MOST = 0.15;
// With fewer left, what remains is a sample of the quiet moments only.
const LEAST_CLEAN_SHARE = 0.5;

/** The slices that say something, and whether enough are left; if not, all of them are given, for a first impression. */
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

/** What happened in these slices; `isGood` tells the outcomes that should come. */
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

/** The value below which this share of the sorted values lies; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle, and how far the others are from it; undefined of none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  const median = ((sorted[low] as number) + (sorted[high] as number)) / 2;
  return { median, least: sorted[0] as number, most: sorted.at(-1) as number };
}

/**
 * The spread of `of / to` over rounds. Both of a ratio come from one round: what the machine did to that round, it did to
 * both.
 */
export function ratioOver<Round>(
  rounds: readonly Round[],
  of: (round: Round) => number | undefined,
  to: (round: Round) => number | undefined,
): Spread | undefined {
  const ratios = rounds.map((round) => (of(round) ?? Number.NaN) / (to(round) ?? Number.NaN));
  return spreadOf(ratios.filter(Number.isFinite));
}

/** The entries of a round: each round begins with another one, so that none always comes after the same. */
export function rotated<T>(entries: readonly T[], round: number): T[] {
  const shift = entries.length === 0 ? 0 : round % entries.length;
  return [...entries.slice(shift), ...entries.slice(0, shift)];
}
