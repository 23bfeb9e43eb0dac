import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import { type Metrics, REQUEST_BUCKETS, startAtZero } from '@shop/chassis/base/telemetry/metrics.ts';
import { Gauge, Histogram } from 'prom-client';

/** What order-service measures beside what every service does. */
export type OrderMetrics = ReturnType<typeof withOrderMetrics>;

/** Register order-service's own metrics beside the common ones. */
export function withOrderMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const ordersTotal = labelledCounter({
    name: 'orders_total',
    help: 'Steps that orders took: confirmed, rejected, cancelled, shipped, delivered; or queued, when their stock is asked for by message.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(ordersTotal, ['confirmed', 'rejected', 'cancelled', 'shipped', 'delivered', 'queued']);
  return {
    ...metrics,
    ordersTotal,
    ordersPending: new Gauge({
      name: 'orders_pending',
      help: 'Orders whose stock is not decided; at most 10,000 are counted.',
      registers,
    }),
    ordersPendingOldest: new Gauge({
      name: 'orders_pending_oldest_seconds',
      help: 'Age of the oldest order whose stock is not decided.',
      registers,
    }),
    reservationCallDuration: new Histogram({
      name: 'reservation_call_duration_seconds',
      help: 'The hop to inventory-service.',
      labelNames: ['outcome'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
    breakerState: new Gauge({
      name: 'breaker_state',
      help: 'Of each process of inventory-service, by its address: 0 closed, 1 half open, 2 open.',
      labelNames: ['target'],
      registers,
    }),
  };
}
