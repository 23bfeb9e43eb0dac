/**
 * What happens in the system, as it happens. One tab of a browser reads the streams of the services and tells the others: whoever holds
 * the lock. When it is closed, another one gets the lock and goes on.
 */
import { RefusedError, type StreamData } from '@shop/client';
import { api } from '../api/client.ts';

const services = ['orders', 'inventory'] as const;
type Service = (typeof services)[number];
export type OrderChange = StreamData['order'];

export interface LiveState {
  /** What each service counts: undecided orders, unsent messages, open dead letters. */
  counters: Partial<Record<Service, Record<string, number>>>;
  /** When something was last heard. */
  heardAt: number | undefined;
}

type Told =
  | { kind: 'order'; change: OrderChange }
  /** Changes are missing: what is shown must be read again. */
  | { kind: 'reset' }
  | { kind: 'counters'; service: Service; counters: Record<string, number> }
  | { kind: 'dead-letter'; service: Service }
  /** A tab that was just opened asks for the counters. */
  | { kind: 'hello' };
export type LiveEvent = Exclude<Told, { kind: 'hello' | 'counters' }>;

let state: LiveState = { counters: {}, heardAt: undefined };
const stateListeners = new Set<() => void>();
const eventListeners = new Set<(event: LiveEvent) => void>();
const tabs = new BroadcastChannel('console.live');
let isReading = false;

tabs.onmessage = ({ data }: MessageEvent<Told>) => {
  if (data.kind !== 'hello') hear(data);
  else if (isReading) {
    for (const service of services) {
      const counters = state.counters[service];
      if (counters !== undefined) tabs.postMessage({ kind: 'counters', service, counters } satisfies Told);
    }
  }
};

export function liveState(): LiveState {
  return state;
}

/** Calls back when the state has changed; returns what ends it. */
export function onLiveState(listener: () => void): () => void {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

/** Calls back with each event; returns what ends it. */
export function onLiveEvent(listener: (event: LiveEvent) => void): () => void {
  eventListeners.add(listener);
  return () => eventListeners.delete(listener);
}

/** Begins to read or to listen; returns what ends it. */
export function startLive(): () => void {
  const end = new AbortController();
  const { signal } = end;
  tabs.postMessage({ kind: 'hello' } satisfies Told);
  const read = async () => {
    isReading = true;
    await Promise.all(services.map((service) => follow(service, signal)));
    // Kept until the page is left, so that two tabs without rights do not take turns.
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    isReading = false;
  };
  // Without locks (plain HTTP on another host) each tab reads.
  const reading = 'locks' in navigator ? navigator.locks.request('console.live', { signal }, read) : read();
  reading.catch(() => undefined);
  return () => end.abort();
}

/** Until it is aborted, or refused: a person without a role for it sees the pages without live data. */
async function follow(service: Service, signal: AbortSignal): Promise<void> {
  try {
    for await (const { event, data } of api.operations(service).stream({ signal })) {
      if (event === 'order') tell({ kind: 'order', change: data });
      else if (event === 'reset') tell({ kind: 'reset' });
      else if (event === 'counters') tell({ kind: 'counters', service, counters: data });
      else if (event === 'dead-letter') tell({ kind: 'dead-letter', service });
    }
  } catch (error) {
    if (!(error instanceof RefusedError) && !signal.aborted) throw error;
  }
}

function tell(told: Exclude<Told, { kind: 'hello' }>): void {
  tabs.postMessage(told);
  hear(told);
}

function hear(told: Exclude<Told, { kind: 'hello' }>): void {
  const counters = told.kind === 'counters' ? { ...state.counters, [told.service]: told.counters } : state.counters;
  state = { counters, heardAt: Date.now() };
  for (const listener of stateListeners) listener();
  if (told.kind === 'counters') return;
  for (const listener of eventListeners) listener(told);
}
