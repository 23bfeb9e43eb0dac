import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { Gauge } from 'prom-client';
import { templates } from './notifications/notification.ts';

/** The common metrics and those of notification-service. */
export type NotificationMetrics = ReturnType<typeof withNotificationMetrics>;

const OUTCOMES = ['sent', 'failed', 'unknown', 'suppressed', 'deferred', 'lost'];

/** Register the metrics of notification-service. */
export function withNotificationMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const notificationsTotal = labelledCounter({
    name: 'notifications_total',
    help: 'What became of notifications: sent, failed, unknown, suppressed; and deferred or lost, when another attempt follows.',
    labelNames: ['template', 'outcome'],
    registers,
  });
  // Without a zero before it, the first of its kind would not count as an increase.
  for (const template of templates) for (const outcome of OUTCOMES) notificationsTotal.of(template, outcome);
  return {
    ...metrics,
    notificationsTotal,
    notificationsUnknown: new Gauge({
      name: 'notifications_unknown',
      help: 'Notifications that may or may not have been sent. Counting stops at 10,000.',
      registers,
    }),
    notificationsQueued: new Gauge({
      name: 'notifications_queued',
      help: 'Notifications that wait for an attempt. Counting stops at 10,000.',
      registers,
    }),
    notificationsQueuedOldest: new Gauge({
      name: 'notifications_queued_oldest_seconds',
      help: 'Age of the oldest notification that waits for an attempt, in seconds.',
      registers,
    }),
  };
}
