import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { type LoadedOrders, withChange } from './changed-orders.ts';
import { type LiveState, liveState, type OrderChange, onLiveEvent, onLiveState, startLive } from './live.ts';

/** The live state, now and after each change. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(onLiveState, liveState);
}

/** The sum of a counter over the services that tell it; undefined before one has. */
export function useLiveCount(name: string | undefined): number | undefined {
  const { counters } = useLiveState();
  if (name === undefined) return undefined;
  const known = Object.values(counters).flatMap((counts) => counts?.[name] ?? []);
  return known.length === 0 ? undefined : known.reduce((total, count) => total + count, 0);
}

// Many changes in a moment are one reason to read again.
const GATHER_MS = 500;

/** For the frame: reads the streams, and reads again what the pages show of what has changed. */
export function useLive(isSignedIn: boolean): void {
  const queries = useQueryClient();
  useEffect(() => (isSignedIn ? startLive() : undefined), [isSignedIn]);
  useEffect(() => {
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      timer = undefined;
      const names = new Set(stale);
      stale.clear();
      void queries.invalidateQueries({
        predicate: ({ queryKey: [kind, name] }) =>
          names.has(`${kind}`) || (typeof name === 'string' && names.has(`${kind} ${name}`)),
      });
    };
    const end = onLiveEvent((event) => {
      if (event.kind === 'order') {
        for (const name of [event.change.number, event.change.orderId]) stale.add(`order ${name}`);
        showInLists(queries, event.change);
        stale.add('overview');
      } else if (event.kind === 'dead-letter') stale.add('dead-letters').add('dead-letter-groups');
      else for (const kind of ['order', 'orders', 'overview', 'dead-letters', 'dead-letter-groups']) stale.add(kind);
      timer ??= setTimeout(read, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [queries]);
}

/** A list shows an order's new status in its place; nothing else of it moves, and it counts as read when it was read. */
function showInLists(queries: QueryClient, change: OrderChange): void {
  for (const { queryKey, state } of queries.getQueryCache().findAll({ queryKey: ['orders'] })) {
    const changed = state.data === undefined ? undefined : withChange(state.data as LoadedOrders, change);
    if (changed !== undefined) queries.setQueryData(queryKey, changed, { updatedAt: state.dataUpdatedAt });
  }
}

/** How many orders were placed since the list was read; the list itself stays as it is until the reader wants them. */
export function useNewOrders(readAt: number): number {
  const [count, setCount] = useState(0);
  const counted = useRef(readAt);
  useEffect(() => {
    if (counted.current !== readAt) setCount(0);
    counted.current = readAt;
    return onLiveEvent((event) => {
      if (event.kind === 'order' && event.change.version === 1) setCount((before) => before + 1);
    });
  }, [readAt]);
  return count;
}
