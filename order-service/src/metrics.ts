import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import { type Metrics, REQUEST_BUCKETS, startAtZero } from '@shop/chassis/base/telemetry/metrics.ts';
import { Gauge, Histogram } from 'prom-client';

/** The common metrics and those of order-service. */
export type OrderMetrics = ReturnType<typeof withOrderMetrics>;

/** Register the metrics of order-service. */
export function withOrderMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const ordersTotal = labelledCounter({
    name: 'orders_total',
    help: 'Changes of order status: confirmed, rejected, cancelled, shipped, delivered; and queued, when the reservation is requested by message.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(ordersTotal, ['confirmed', 'rejected', 'cancelled', 'shipped', 'delivered', 'queued']);
  return {
    ...metrics,
    ordersTotal,
    ordersPending: new Gauge({
      name: 'orders_pending',
      help: 'Pending orders. Counting stops at 10,000.',
      registers,
    }),
    ordersPendingOldest: new Gauge({
      name: 'orders_pending_oldest_seconds',
      help: 'Age of the oldest pending order, in seconds.',
      registers,
    }),
    reservationCallDuration: new Histogram({
      name: 'reservation_call_duration_seconds',
      help: 'Duration of reservation calls to inventory-service, in seconds.',
      labelNames: ['outcome'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
    breakerState: new Gauge({
      name: 'breaker_state',
      help: 'State of the circuit breaker for each process of inventory-service, by address: 0 closed, 1 half open, 2 open.',
      labelNames: ['target'],
      registers,
    }),
  };
}
