/**
 * Sends what is due. Each process sends a few notifications at the same time; any number of processes share them, because rows are
 * claimed with SKIP LOCKED, for the time of a lease.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoop } from '@shop/chassis/base/loop.ts';
import type { Background } from '@shop/chassis/service/runtime.ts';
import { claimDue, measureNotifications, removeOldNotifications } from './notifications.sql.ts';
import { removeForgottenRecipients } from './recipients.sql.ts';
import { type SendDeps, sendNotification } from './send-notification.ts';

const INTERVAL_MS = 1_000;
// A silent mail server holds each of them for half a minute.
const AT_THE_SAME_TIME = 8;
/** Longer than an attempt can take: 6 s for the content, 90 s for the mail server. */
export const LEASE_SECONDS = 150;

// A process has 10 s to end (chassis/src/service/lifecycle.ts).
const STOP_WITHIN_MS = 7_000;

export interface NotificationSender extends Background {
  /** Look for due notifications now. */
  wake(): void;
}

export interface SenderOptions extends SendDeps {
  intervalMs?: number;
}

/** Send what is due, every second and when woken. When stopped, it finishes what it is sending. */
export function startSender({ intervalMs = INTERVAL_MS, ...deps }: SenderOptions): NotificationSender {
  const underWay = new Set<Promise<void>>();
  let isStopping = false;
  let claiming: Promise<void> | undefined;

  /** Claim as many as there is room for, and begin to send them. */
  async function fill(): Promise<void> {
    for (let isFull = true; isFull && !isStopping; ) {
      const limit = AT_THE_SAME_TIME - underWay.size;
      if (limit === 0) return;
      const claimed = await claimDue(deps.pool, { limit, leaseSeconds: deps.leaseSeconds });
      for (const one of claimed) begin(() => sendNotification(deps, one));
      isFull = claimed.length === limit;
    }
  }

  function begin(send: () => Promise<void>): void {
    const sending = send()
      // It is due again when its lease ends.
      .catch((error: unknown) => deps.log.error({ err: error }, 'could not send a notification'))
      .finally(() => {
        underWay.delete(sending);
        wake();
      });
    underWay.add(sending);
  }

  /** One claim at a time, so that there are never more under way than there is room for. */
  function round(): Promise<void> {
    claiming ??= fill().finally(() => {
      claiming = undefined;
    });
    return claiming;
  }

  function wake(): void {
    if (isStopping) return;
    round().catch((error: unknown) => deps.log.debug({ err: error }, 'could not claim notifications'));
  }

  const loop = startLoop({ name: 'notification-sender', intervalMs, log: deps.log }, round);
  return {
    wake,
    async stop() {
      isStopping = true;
      await loop.stop();
      await claiming?.catch(() => {});
      // What a silent server holds longer becomes unknown when its lease ends.
      await Promise.race([Promise.all([...underWay]), sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
    },
  };
}

const MEASURE_INTERVAL_MS = 5_000;

/** Keep the gauges current. */
export function startMeasuring({ pool, metrics, log }: Pick<SendDeps, 'pool' | 'metrics' | 'log'>): Background {
  return startLoop({ name: 'measure-notifications', intervalMs: MEASURE_INTERVAL_MS, log }, async () => {
    const { unknown, queued, oldestSeconds } = await measureNotifications(pool);
    metrics.notificationsUnknown.set(unknown);
    metrics.notificationsQueued.set(queued);
    metrics.notificationsQueuedOldest.set(oldestSeconds);
  });
}

const CLEAN_INTERVAL_MS = 60_000;
// Small enough to finish within the statement timeout on a busy machine.
const BATCH_ROWS = 500;

/** Remove notifications that ended long ago, and recipients that were forgotten long ago. */
export function startRemovingOld({ pool, log }: Pick<SendDeps, 'pool' | 'log'>): Background {
  return startLoop({ name: 'remove-old-notifications', intervalMs: CLEAN_INTERVAL_MS, log }, async (stopping) => {
    for (const removeBatch of [removeOldNotifications, removeForgottenRecipients]) {
      for (let removed = BATCH_ROWS; removed === BATCH_ROWS && !stopping.aborted; ) {
        removed = await removeBatch(pool, BATCH_ROWS);
      }
    }
  });
}
