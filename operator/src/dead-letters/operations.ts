import { Fault } from '@shop/chassis/base/fault.ts';
import { isRefusal, newKey, type Operations as OperationsOfService } from '../../../clients/typescript/src/index.ts';
import { ask, connectClient, toFault } from '../ask.ts';
import type { LookUp } from '../variables.ts';
import type { ServiceName } from './options.ts';

/** The API's operations on dead letters, for one service or for the service that has a letter. */
export type Operations = ReturnType<typeof connectOperations>;

/** The operations of the system behind the gateway; `services` are asked in turn. */
export function connectOperations(services: readonly ServiceName[], lookUp: LookUp) {
  const client = connectClient(lookUp);

  /** Finds the service that has the letter: each service keeps its own, with distinct ids and groups. */
  async function whereverItIs<T extends object>(call: (operations: OperationsOfService) => Promise<T>) {
    for (const service of services) {
      try {
        return { service, ...(await call(client.operations(service))) };
      } catch (error) {
        if (!isRefusal(error, 'dead-letter-not-found')) throw toFault(error);
      }
    }
    throw new Fault('No such dead letter.');
  }

  async function fromEach<T>(read: (operations: OperationsOfService) => Promise<T[]>) {
    const all: (T & { service: ServiceName })[] = [];
    for (const service of services) {
      const items = await ask(read(client.operations(service)));
      all.push(...items.map((item) => ({ service, ...item })));
    }
    return all;
  }

  return {
    groups: () => fromEach((operations) => operations.deadLetterGroups()),
    list: (filter: Parameters<OperationsOfService['deadLetters']>[0]) =>
      fromEach(async (operations) => (await operations.deadLetters(filter).page()).items),
    show: (id: string) => whereverItIs((operations) => operations.deadLetter(id)),
    replay: (id: string, key?: string) => whereverItIs((operations) => operations.replay(id, { key })),
    discard: (id: string, reason: string, key?: string) =>
      whereverItIs((operations) => operations.discard(id, { reason }, { key })),
    /** Replays a group in several calls, because each replays a bounded number; letters that fail again are not included. */
    async replayGroup(group: string, key: string = newKey()) {
      const once = (n: number) =>
        whereverItIs((operations) => operations.replayGroup({ group }, { key: n === 0 ? key : `${key}-${n}` }));
      let latest = await once(0);
      const all = latest.replayed + latest.remaining;
      let replayed = latest.replayed;
      for (let n = 1; replayed < all && latest.replayed > 0; n += 1) {
        latest = await once(n);
        replayed += latest.replayed;
      }
      return { ...latest, replayed };
    },
  };
}
