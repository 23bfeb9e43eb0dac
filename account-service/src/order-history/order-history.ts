import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { startCatchUp } from '@shop/chassis/service/catch-up.ts';
import type { Runtime } from '@shop/chassis/service/runtime.ts';
import { orderHistoryQueue } from '../queues.ts';
import { followDelay } from './history-metrics.ts';
import { orderEventHandler } from './order-history.messages.ts';
import { type OrderSource, OrdersUnavailableError } from './order-source.ts';
import { writeAllOrders } from './rebuild-history.ts';

export interface OrderHistoryOptions
  extends Pick<Runtime, 'pool' | 'broker' | 'metrics' | 'now' | 'log' | 'tracing' | 'subject'> {
  orders: OrderSource;
  /** Overrides for tests. */
  catchUpIntervalMs?: number;
  probeIntervalMs?: number;
}

/** Keep the history up to date: by events, and by reading all orders if events were missed. */
export function startOrderHistory(options: OrderHistoryOptions): { stop(): Promise<void> } {
  const { pool, orders, metrics, now, catchUpIntervalMs } = options;
  const { name: queue, messages: definitions } = orderHistoryQueue;
  const consumer = startConsumer({
    ...options,
    queue,
    definitions,
    handle: orderEventHandler({ orders, delay: followDelay(metrics, now) }),
    dependency: {
      name: 'order-service',
      isUnavailable: (error) => error instanceof OrdersUnavailableError,
      isBack: orders.isBack,
    },
  });
  const catchUp = startCatchUp({
    ...options,
    queue,
    intervalMs: catchUpIntervalMs,
    async readProducer(signal) {
      await writeAllOrders({ pool, orders, signal });
    },
  });
  return {
    async stop() {
      await Promise.all([consumer.stop(), catchUp.stop()]);
    },
  };
}
