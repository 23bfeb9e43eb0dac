import { type OrderRequest, unitsPerSku } from './order-request.ts';

/** A share in millionths: 0.29 * 100 is 28.999999999999996, so shares are never floating point. */
export type Share = bigint;
const one = 1_000_000n;

/** Parses a share such as `0.8` or `1`, up to 1000 with six decimals; undefined if the text is not a share. */
export function parseShare(text: string): Share | undefined {
  const [, whole, fraction = ''] = /^(\d{1,4})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const share = BigInt(whole) * one + BigInt(fraction.padEnd(6, '0'));
  return share <= 1000n * one ? share : undefined;
}

/** For every SKU in a valid order: this share of all ordered units, rounded down. */
export function stockFor(requests: OrderRequest[], share: Share): Map<string, number> {
  const demand = unitsPerSku(requests.filter((request) => request.invalid.length === 0).flatMap(({ lines }) => lines));
  return new Map([...demand].map(([sku, units]) => [sku, Number((BigInt(units) * share) / one)]));
}
