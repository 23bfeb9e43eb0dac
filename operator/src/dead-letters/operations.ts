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

/** What the API's section on operations offers for dead letters, for one of the two services or whichever has it. */
export type Operations = ReturnType<typeof connectOperations>;

/** The operations of the system behind the gateway; `services` are asked in turn. */
export function connectOperations(services: readonly ServiceName[], lookUp: LookUp) {
  const { BASE_URL: baseUrl, OPERATIONS_KEY: apiKey } = lookUp('BASE_URL', 'OPERATIONS_KEY');
  const gateway = connectGateway(baseUrl, 2);

  const call = (service: ServiceName, more: Omit<Call, 'apiKey'>) =>
    ask(gateway, { ...more, path: `/operations/${service}/dead-letters${more.path}`, apiKey });

  /** From the service that has it; each keeps its own, and their ids and groups differ. */
  async function whereverItIs<T>(path: string, method: Call['method'], body?: object, key?: string) {
    const request = { method, path, idempotencyKey: key, body: body && JSON.stringify(body) };
    for (const service of services) {
      const answer = await call(service, request);
      if (answer.code !== 'dead-letter-not-found') return { service, ...(expectSuccess(answer) as T) };
    }
    throw new Fault('There is no such dead letter.');
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
    /** A call replays a bounded number, so several make a group; what dies again meanwhile is not replayed again. */
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
