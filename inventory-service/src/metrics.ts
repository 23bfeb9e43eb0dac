import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import { type Metrics, startAtZero } from '@shop/chassis/base/telemetry/metrics.ts';

/** The common metrics and those of inventory-service. */
export type InventoryMetrics = ReturnType<typeof withInventoryMetrics>;

/** Register the metrics of inventory-service. */
export function withInventoryMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const reservationsTotal = labelledCounter({
    name: 'reservations_total',
    help: 'Responses to reservation requests, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  startAtZero(reservationsTotal, ['held', 'rejected', 'released', 'conflict', 'undecided']);
  return { ...metrics, reservationsTotal };
}
