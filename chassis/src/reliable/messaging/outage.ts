import type { Subscription } from './subscription.ts';

export interface OutageOptions {
  /** Whether the database, and what else the handler needs, is available again. */
  isOver: () => Promise<boolean>;
  /** How long deliveries are held; in a longer outage they are requeued. */
  holdMs: number;
  probeIntervalMs: number;
}

/**
 * Wait until the outage is over. Returns the number of checks, or undefined if the subscription stops meanwhile.
 *
 * Deliveries are held for a while, because requeuing them counts against their delivery limit. In a longer outage the channel
 * is closed (one count), so that another process can get them.
 */
export async function waitForEnd(
  { isOver, holdMs, probeIntervalMs }: OutageOptions,
  subscription: Subscription,
): Promise<number | undefined> {
  const since = performance.now();
  for (let probes = 1; ; probes += 1) {
    await subscription.sleep(probeIntervalMs);
    if (subscription.isStopping) return undefined;
    if (await isOver()) {
      await subscription.resume();
      return probes;
    }
    if (performance.now() - since > holdMs) await subscription.release();
  }
}
