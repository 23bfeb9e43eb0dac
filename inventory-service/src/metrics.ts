import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import { type Metrics, startAtZero } from '@shop/chassis/base/telemetry/metrics.ts';

/** What inventory-service measures beside what every service does. */
export type InventoryMetrics = ReturnType<typeof withInventoryMetrics>;

/** Register inventory-service's own metrics beside the common ones. */
export function withInventoryMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const reservationsTotal = labelledCounter({
    name: 'reservations_total',
    help: 'Answers to requests for a reservation.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(reservationsTotal, ['held', 'rejected', 'released', 'conflict', 'undecided']);
  return { ...metrics, reservationsTotal };
}
