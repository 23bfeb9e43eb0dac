import type { Health } from '@shop/client';
import { type UseQueryResult, useQueries } from '@tanstack/react-query';
import { api } from './client.ts';

/** The services that have a health page, as in its path. */
export const servicePaths = ['orders', 'inventory', 'accounts', 'notifications'] as const;
export type ServicePath = (typeof servicePaths)[number];

const CHECK_EVERY_MS = 10_000;
const DEADLINE_MS = 4_000;

/** How each service is, asked every 10 s while the page is visible. */
export function useHealth(): Record<ServicePath, UseQueryResult<Health>> {
  const results = useQueries({
    queries: servicePaths.map((service) => ({
      queryKey: ['health', service],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.health(service, { signal, deadlineMs: DEADLINE_MS }),
      refetchInterval: CHECK_EVERY_MS,
    })),
  });
  return Object.fromEntries(servicePaths.map((service, index) => [service, results[index]])) as Record<
    ServicePath,
    UseQueryResult<Health>
  >;
}
