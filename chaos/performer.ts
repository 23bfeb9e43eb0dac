/**
 * How an operation is performed: by a correct client, or by a faulty one: concurrent duplicates (twins), late retries, another
 * payload under the same key.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation, Verdict } from './history.ts';
import type { Random } from './random.ts';
import type { Sender } from './sender.ts';

export type Mode = 'once' | 'twins' | 'repeat' | 'other later' | 'other at once';

export interface Performer {
  perform: (operation: Operation, mode: Mode) => Promise<Verdict | undefined>;
  read: (reader: Pick<Operation, 'client' | 'shopper'>, path: string) => Promise<void>;
  /** Counts this as running until it has ended. */
  track: <T>(work: Promise<T>) => Promise<T>;
  /** Operations without a final response. */
  underWay: () => number;
  /** Resolves when nothing is running. */
  idle: () => Promise<void>;
  /** From now on no client starts anything new. */
  end: () => void;
  isOver: () => boolean;
  /** Resolves then. */
  ended: Promise<void>;
}

/** Performs operations through this sender, which records them. */
export function makePerformer(sender: Sender, pauses: Random): Performer {
  const { operations, send, sendUntilFinal } = sender;
  const { track, underWay, idle } = makeTracker();
  const over = new AbortController();
  const ended = Promise.withResolvers<void>();

  async function repeatLater(operation: Operation): Promise<unknown> {
    await delay(pauses.between(100, 8_000), undefined, { signal: over.signal }).catch(() => {});
    return over.signal.aborted ? undefined : sendUntilFinal(operation, 0);
  }

  async function performInMode(operation: Operation, mode: Mode): Promise<Verdict | undefined> {
    if (mode === 'twins') return (await Promise.all([sendUntilFinal(operation, 0), sendUntilFinal(operation, 0)]))[0];
    if (mode === 'other at once') {
      const verdicts = await Promise.all([sendUntilFinal(operation, 0), sendUntilFinal(operation, 1)]);
      return verdicts.find((verdict) => verdict === 'final') ?? verdicts[0];
    }
    const verdict = await sendUntilFinal(operation, 0, mode === 'once' && operation.kind === 'place');
    if (mode === 'repeat') void track(repeatLater(operation));
    if (mode === 'other later') void track(sendUntilFinal(operation, 1));
    return verdict;
  }

  return {
    track,
    underWay,
    idle,
    perform(operation, mode) {
      operations.push(operation);
      const hasOther = operation.bodies.length > 1 || !mode.startsWith('other');
      return track(performInMode(operation, hasOther ? mode : 'repeat'));
    },
    async read({ client, shopper }, path) {
      const operation: Operation = { kind: 'read', client, shopper, key: '', path, bodies: [], tries: [] };
      operations.push(operation);
      await send(operation, 0);
    },
    end() {
      over.abort();
      ended.resolve();
    },
    isOver: () => over.signal.aborted,
    ended: ended.promise,
  };
}

function makeTracker(): Pick<Performer, 'track' | 'underWay' | 'idle'> {
  const open = new Set<Promise<unknown>>();
  return {
    track(work) {
      open.add(work);
      const forget = () => open.delete(work);
      work.then(forget, forget);
      return work;
    },
    underWay: () => open.size,
    async idle() {
      while (open.size > 0) await Promise.allSettled(open);
    },
  };
}

/** Chooses a mode: correct for most operations, faulty for some. */
export function modeOf(random: Random): Mode {
  const share = random.share();
  if (share < 0.6) return 'once';
  if (share < 0.76) return 'twins';
  if (share < 0.9) return 'repeat';
  return share < 0.95 ? 'other later' : 'other at once';
}
