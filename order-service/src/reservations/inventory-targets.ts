import { createServiceTargets, type ServiceTargets } from '@shop/chassis/base/calls/service-targets.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import type { OrderMetrics } from '../metrics.ts';

export type InventoryTargets = ServiceTargets;

export interface InventoryTargetsOptions {
  /** Base URLs of inventory-service. */
  urls: readonly string[];
  internalToken: string;
  /** Maximum timeout of a call. */
  timeoutMs: number;
  metrics: OrderMetrics;
  log: Logger;
  /** Called when a call for an order was answered after all processes had been unavailable. */
  onRecovered?: () => void;
}

// No reservation has this id.
const NIL_ID = '00000000-0000-0000-0000-000000000000';

/** The processes of inventory-service. */
export function createInventoryTargets(options: InventoryTargetsOptions): InventoryTargets {
  const probe = { path: '/reservations/lookup', body: { ids: [NIL_ID], lines: false } };
  return createServiceTargets({ ...options, service: 'inventory-service', probe });
}
