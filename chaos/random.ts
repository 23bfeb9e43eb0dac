import { seededRandom } from '@shop/operator/replay/sendings.ts';

export interface Random {
  /** In [0, 1). */
  share: () => number;
  /** A whole number, both ends included. */
  between: (low: number, high: number) => number;
  pick: <T>(list: readonly T[]) => T;
}

/** Deterministic random choices for a seed. */
export function makeRandom(seed: number): Random {
  const share = seededRandom(seed);
  const between = (low: number, high: number) => low + Math.floor(share() * (high - low + 1));
  return { share, between, pick: (list) => list[between(0, list.length - 1)] as (typeof list)[number] };
}
