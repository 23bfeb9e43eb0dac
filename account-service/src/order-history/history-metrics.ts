import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { Gauge } from 'prom-client';

// An event that was handled late says nothing of the next one, once no further ones come.
const LAST_DELAY_COUNTS_MS = 30_000;

/** How far the history is behind the orders. */
export interface Delay {
  /** The oldest of the events that are being handled, and may fail for long. */
  began(oldest: Date): void;
  /** They were handled. */
  ended(): void;
}

/** The gauge `order_history_behind_seconds`. */
export function followDelay({ registry }: Pick<Metrics, 'registry'>, now: () => Date): Delay {
  let underWay: Date | undefined;
  let last = { seconds: 0, at: 0 };
  const since = (time: Date) => Math.max(0, now().getTime() - time.getTime()) / 1_000;
  new Gauge({
    name: 'order_history_behind_seconds',
    help: 'Age of the oldest event of an order that is being handled, or of the last one: how far the order histories are behind, in seconds.',
    registers: [registry],
    collect() {
      const isRecent = now().getTime() - last.at < LAST_DELAY_COUNTS_MS;
      this.set(underWay ? since(underWay) : isRecent ? last.seconds : 0);
    },
  });
  return {
    began(oldest) {
      underWay = oldest;
    },
    ended() {
      if (underWay) last = { seconds: since(underWay), at: now().getTime() };
      underWay = undefined;
    },
  };
}
