import type { DeadLetterGroup, Order, Reconciliation } from '@shop/client';
import { type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query';
import { api } from '../../shared/api/client.ts';

const PAGE = 100;
/** So many orders are read for the chart at most. */
export const CHART_ORDERS = 500;
const HOUR_MS = 3_600_000;
// The streams tell of changes; this is for what they do not tell, such as time that passes.
const READ_EVERY_MS = 15_000;
const withBooks = ['orders', 'inventory'] as const;

export interface Overview {
  recent: UseQueryResult<Order[]>;
  pending: UseQueryResult<Order[]>;
  groups: (DeadLetterGroup & { service: string })[];
  books: { service: string; query: UseQueryResult<Reconciliation> }[];
  /** When all of it was last read. */
  readAt: number;
}

/** What the overview shows, besides the counters of the streams. */
export function useOverview(isOperations: boolean): Overview {
  const recent = useQuery({
    queryKey: ['overview', 'recent'],
    queryFn: ({ signal }) => ordersOfAnHour(signal),
    refetchInterval: READ_EVERY_MS,
  });
  const pending = useQuery({
    queryKey: ['overview', 'pending'],
    queryFn: async ({ signal }) => (await api.orders.list({ status: 'pending', limit: PAGE }, { signal }).page()).items,
    refetchInterval: READ_EVERY_MS,
  });
  const groups = useQueries({
    queries: ['orders', 'inventory', 'accounts'].map((service) => ({
      queryKey: ['dead-letter-groups', service],
      enabled: isOperations,
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await api.operations(service).deadLetterGroups({ signal })).map((group) => ({ ...group, service })),
      refetchInterval: READ_EVERY_MS,
    })),
  });
  const books = useQueries({
    queries: withBooks.map((service) => ({
      queryKey: ['reconciliation', service, 'overview'],
      enabled: isOperations,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.operations(service).reconciliation({ limit: 1 }, { signal }),
      refetchInterval: READ_EVERY_MS,
    })),
  });
  return {
    recent,
    pending,
    groups: groups.flatMap(({ data }) => data ?? []),
    books: withBooks.map((service, index) => ({ service, query: books[index] as UseQueryResult<Reconciliation> })),
    readAt: Math.min(pending.dataUpdatedAt, ...(isOperations ? groups.map(({ dataUpdatedAt }) => dataUpdatedAt) : [])),
  };
}

/** Newest first, of the last hour, at most 500. */
async function ordersOfAnHour(signal: AbortSignal): Promise<Order[]> {
  const orders: Order[] = [];
  for await (const order of api.orders.list({ limit: PAGE }, { signal })) {
    if (Date.parse(order.createdAt) < Date.now() - HOUR_MS || orders.length === CHART_ORDERS) break;
    orders.push(order);
  }
  return orders;
}
