import type { Database } from '../postgres/connections.ts';
import type { Subscription } from './subscription.ts';

export interface OutageOptions {
  pool: Pick<Database, 'takesWrites'>;
  /** How long deliveries are held; in a longer outage they are requeued. */
  holdMs: number;
  probeIntervalMs: number;
}

/**
 * Wait until the database accepts writes. Returns the number of checks, or undefined if the subscription stops meanwhile.
 *
 * Deliveries are held for a while, because requeuing them counts against their delivery limit. In a longer outage the channel
 * is closed (one count), so that another process can get them.
 */
export async function waitForDatabase(
  { pool, holdMs, probeIntervalMs }: OutageOptions,
  subscription: Subscription,
): Promise<number | undefined> {
  const since = performance.now();
  for (let probes = 1; ; probes += 1) {
    await subscription.sleep(probeIntervalMs);
    if (subscription.isStopping) return undefined;
    if (await pool.takesWrites()) {
      await subscription.resume();
      return probes;
    }
    if (performance.now() - since > holdMs) await subscription.release();
  }
}
