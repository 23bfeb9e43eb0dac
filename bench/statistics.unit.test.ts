import type { Samples } from './client/job.ts';
import { dropDisturbed, quantile, ratioOver, reduceSamples, rotated, type Slice, spreadOf } from './statistics.ts';

/** Slices of a second in which other processes used this many cores. */
function slices(...others: number[]): Slice[] {
  return others.map((othersCores, n) => ({ from: n * 1_000, to: (n + 1) * 1_000, othersCores }));
}

function samples(...requests: [name: string, at: number, ms: number, weight?: number][]): Samples {
  const names = [...new Set(requests.map(([name]) => name))];
  return {
    names,
    outcome: requests.map(([name]) => names.indexOf(name)),
    at: requests.map(([, at]) => at),
    ms: requests.map(([, , ms]) => ms),
    weight: requests.map(([, , , weight]) => weight ?? 1),
    locations: [],
  };
}

const is201 = (name: string) => name === '201';

describe('dropDisturbed', () => {
  it('drops the slices in which other processes used more than 0.15 core', () => {
    const { kept, dropped, isClean } = dropDisturbed(slices(0, 0.15, 0.16, 0.1));
    expect(kept.map(({ from }) => from)).toEqual([0, 1_000, 3_000]);
    expect([dropped, isClean]).toEqual([1, true]);
  });

  it('returns all slices as not clean if fewer than half remain', () => {
    const { kept, dropped, isClean } = dropDisturbed(slices(0.1, 0.5, 0.5));
    expect([kept.length, dropped, isClean]).toEqual([3, 2, false]);
  });

  it('returns not clean without slices', () => {
    expect(dropDisturbed([]).isClean).toBe(false);
  });
});

describe('reduceSamples', () => {
  it('counts the expected outcomes per second of the slices', () => {
    const requests = samples(['201', 500, 1], ['201', 1_500, 1], ['201', 2_500, 3], ['500', 2_600, 9]);
    const [first, , third] = slices(0, 1, 0);
    expect(reduceSamples(requests, [first as Slice, third as Slice], is201)).toEqual({
      rate: 1,
      requests: 3,
      p50: 3,
      p99: 3,
      failures: { '500': 1 },
    });
  });

  it('counts a sample with its weight, and its time once', () => {
    const [slice] = slices(0);
    const requests = samples(['201', 500, 4, 12], ['201', 600, 6, 3], ['500', 700, 9, 5]);
    expect(reduceSamples(requests, [slice as Slice], is201)).toMatchObject({
      rate: 15,
      requests: 20,
      p99: 6,
      failures: { '500': 1 },
    });
  });

  it('counts a sample at the border of two slices in the later one', () => {
    const at = (slice: number) => reduceSamples(samples(['201', 1_000, 1]), [slices(0, 0)[slice] as Slice], is201);
    expect([at(0).requests, at(1).requests]).toEqual([0, 1]);
  });
});

describe('medians and ratios', () => {
  it('has the middle value of an odd number, and the mean of the two middle values of an even number', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, least: 1, most: 9 });
    expect(spreadOf([])).toBeUndefined();
  });

  it('divides within a round, and ignores a round without one of the sides', () => {
    const rounds = [
      { ours: 10, naive: 5 },
      { ours: 4, naive: 1 },
      { ours: 9, naive: 3 },
      { ours: 100, naive: undefined },
      { ours: 100, naive: 0 },
    ];
    const ratio = ratioOver(
      rounds,
      (round) => round.ours,
      (round) => round.naive,
    );
    expect(ratio).toEqual({ median: 3, least: 2, most: 4 });
  });

  it('finds quantiles', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n);
    expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile([], 0.5)]).toEqual([50, 99, Number.NaN]);
  });
});

it('begins each round with another entry', () => {
  const firsts = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
  expect(firsts).toEqual(['abc', 'bca', 'cab', 'abc']);
});
