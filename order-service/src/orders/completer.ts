import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { startLoop } from '@shop/chassis/base/loop.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import type { OrderMetrics } from '../metrics.ts';
import { askAgain, pendingOrders } from './ask-again.ts';

const INTERVAL_MS = 1_000;

export interface CompleterDeps {
  pool: Pool;
  metrics: OrderMetrics;
  log: Logger;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
}

/** Run the completer every second; see ask-again.ts. Stopped, it ends with the batch that is running. */
export function startCompleter(deps: CompleterDeps): { stop(): Promise<void> } {
  return startLoop({ name: 'completer', intervalMs: INTERVAL_MS, log: deps.log }, async (stopping) => {
    while (!stopping.aborted) {
      const { due, isFullBatch } = await askAgain(deps.pool, deps.now(), deps.tracing);
      if (due > 0) {
        deps.log.info({ orders: due }, 'asked inventory-service again');
        deps.wakeRelay();
      }
      if (!isFullBatch) break;
    }
    const pending = await pendingOrders(deps.pool);
    deps.metrics.ordersPending.set(pending.count);
    deps.metrics.ordersPendingOldest.set(pending.oldestSeconds);
  });
}
