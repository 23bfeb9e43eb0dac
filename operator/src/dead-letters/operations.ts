import { randomUUID } from 'node:crypto';
import { Fault } from '@shop/chassis/base/fault.ts';
import { ask, expectSuccess } from '../ask.ts';
import { type Call, connectGateway } from '../gateway.ts';
import type { LookUp } from '../variables.ts';
import type { ServiceName } from './options.ts';

export interface HistoryEntry {
  type: string;
  at?: string;
  actor?: string;
  reason?: string;
  [member: string]: unknown;
}

export interface DeadLetter {
  id: string;
  queue: string;
  type: string;
  reason: string;
  group: string;
  status: string;
  attempts: number;
  history: HistoryEntry[];
}

export type WholeDeadLetter = DeadLetter & {
  subjectId?: string;
  message: { id: string; routingKey: string; headers: Record<string, unknown>; body: string };
};
export type Group = Pick<DeadLetter, 'group' | 'queue' | 'type' | 'reason'> & {
  count: number;
  firstAt: string;
  lastAt: string;
};
export interface GroupReplay {
  group: string;
  replayed: number;
  remaining: number;
}

/** The API's operations on dead letters, for one service or for the service that has a letter. */
export type Operations = ReturnType<typeof connectOperations>;

/** The operations of the system behind the gateway; `services` are asked in turn. */
export function connectOperations(services: readonly ServiceName[], lookUp: LookUp) {
  const { BASE_URL: baseUrl, OPERATIONS_KEY: apiKey } = lookUp('BASE_URL', 'OPERATIONS_KEY');
  const gateway = connectGateway(baseUrl, 2);

  const call = (service: ServiceName, more: Omit<Call, 'apiKey'>) =>
    ask(gateway, { ...more, path: `/operations/${service}/dead-letters${more.path}`, apiKey });

  /** Finds the service that has the letter: each service keeps its own, with distinct ids and groups. */
  async function whereverItIs<T>(path: string, method: Call['method'], body?: object, key?: string) {
    const request = { method, path, idempotencyKey: key, body: body && JSON.stringify(body) };
    for (const service of services) {
      const answer = await call(service, request);
      if (answer.code !== 'dead-letter-not-found') return { service, ...(expectSuccess(answer) as T) };
    }
    throw new Fault('No such dead letter.');
  }

  async function fromEach<T>(path: string): Promise<(T & { service: ServiceName })[]> {
    const all: (T & { service: ServiceName })[] = [];
    for (const service of services) {
      const { items } = expectSuccess(await call(service, { method: 'GET', path })) as { items: T[] };
      all.push(...items.map((item) => ({ service, ...item })));
    }
    return all;
  }

  return {
    groups: () => fromEach<Group>('/groups'),
    list: (filter: Record<string, string>) => fromEach<DeadLetter>(`?${new URLSearchParams(filter)}`),
    show: (id: string) => whereverItIs<WholeDeadLetter>(`/${id}`, 'GET'),
    replay: (id: string, key: string = randomUUID()) =>
      whereverItIs<DeadLetter>(`/${id}/replay`, 'POST', undefined, key),
    discard: (id: string, reason: string, key: string = randomUUID()) =>
      whereverItIs<DeadLetter>(`/${id}/discard`, 'POST', { reason }, key),
    /** Replays a group in several calls, because each replays a bounded number; letters that fail again are not included. */
    async replayGroup(group: string, key: string = randomUUID()) {
      const once = (n: number) =>
        whereverItIs<GroupReplay>('/replays', 'POST', { group }, n === 0 ? key : `${key}-${n}`);
      let latest = await once(0);
      const all = latest.replayed + latest.remaining;
      let replayed = latest.replayed;
      for (let n = 1; replayed < all && latest.replayed > 0; n += 1) {
        latest = await once(n);
        replayed += latest.replayed;
      }
      return { ...latest, replayed };
    },
    close: gateway.close,
  };
}
