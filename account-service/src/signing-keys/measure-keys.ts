import { startLoop } from '@shop/chassis/base/loop.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import type { AccountMetrics } from '../metrics.ts';
import { publishedKeys, type SigningKeysDeps } from './rotate-keys.ts';
import { audiences, REPLACED_WITHIN_DAYS } from './signing-key.ts';

export interface MeasureKeysDeps extends SigningKeysDeps {
  metrics: Pick<AccountMetrics, 'signingKeyRemaining'>;
  now: () => Date;
}

// The alert is two weeks ahead, and ends soon after a rotation.
const INTERVAL_MS = 60_000;

/** Every minute, measure how long the newest keys may still be used. */
export function startMeasuringKeys(deps: MeasureKeysDeps & { log: Logger }): { stop(): Promise<void> } {
  return startLoop({ name: 'measure-keys', intervalMs: INTERVAL_MS, log: deps.log }, () => measureKeys(deps));
}

/** One round of it. At the very first start, it makes the first keys. */
export async function measureKeys({ metrics, now, ...deps }: MeasureKeysDeps): Promise<void> {
  const keys = await publishedKeys(deps);
  for (const audience of audiences) {
    const newest = keys.find((key) => key.audience === audience && key.signsUntil === undefined);
    if (!newest) continue;
    const ageSeconds = (now().getTime() - newest.createdAt.getTime()) / 1000;
    metrics.signingKeyRemaining.set({ audience }, REPLACED_WITHIN_DAYS * 86_400 - ageSeconds);
  }
}
