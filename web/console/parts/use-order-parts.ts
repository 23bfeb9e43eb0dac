import {
  type DeadLetter,
  isRefusal,
  type Order,
  RefusedError,
  type Reservation,
  type TimelineEntry,
} from '@shop/client';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api } from '../../shared/api/client.ts';

export interface OrderParts {
  timeline: UseQueryResult<TimelineEntry[]>;
  /** `null`: inventory-service was never asked. */
  reservation: { data: Reservation | null | undefined; isError: boolean; isForbidden: boolean };
  /** Of both services; none for people who may not see them. */
  deadLetters: readonly DeadLetter[];
}

// A service that is down must not hold up what the other knows.
const DEADLINE_MS = 4_000;

/** What belongs to an order besides itself. It is read again when the order changes. */
export function useOrderParts({ id, version }: Order): OrderParts {
  const timeline = useQuery({
    queryKey: ['timeline', id, version],
    queryFn: ({ signal }) => api.orders.timeline(id, { signal }),
    placeholderData: (before) => before,
  });
  const reservation = useQuery({
    queryKey: ['reservation', id, version],
    queryFn: ({ signal }) => findReservation(id, signal),
    placeholderData: (before) => before,
  });
  const ofOrders = useDeadLetters('orders', id, version);
  const ofInventory = useDeadLetters('inventory', id, version);
  const { data, isError, error } = reservation;
  return {
    timeline,
    reservation: { data, isError, isForbidden: error instanceof RefusedError && error.status === 403 },
    deadLetters: [...(ofOrders.data ?? []), ...(ofInventory.data ?? [])],
  };
}

async function findReservation(id: string, signal: AbortSignal): Promise<Reservation | null> {
  try {
    return await api.reservation(id, { signal, deadlineMs: DEADLINE_MS });
  } catch (error) {
    if (isRefusal(error, 'reservation-not-found')) return null;
    throw error;
  }
}

function useDeadLetters(service: 'orders' | 'inventory', subjectId: string, version: number) {
  return useQuery({
    queryKey: ['dead-letters', service, subjectId, version],
    queryFn: async ({ signal }) => {
      const options = { signal, deadlineMs: DEADLINE_MS };
      return (await api.operations(service).deadLetters({ subjectId, limit: 100 }, options).page()).items;
    },
  });
}
