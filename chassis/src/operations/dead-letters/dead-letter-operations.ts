/**
 * Fingerprint definitions for writes to dead letters. The paths in version 1 are names that stay when a route changes. Frozen: a
 * change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '../../reliable/idempotency/fingerprint.ts';

/** The base path of the service's operations. */
interface Asked {
  base: string;
}

/** The id of a letter as in the path, where upper case is equivalent. */
interface LetterAsked extends Asked {
  letterId: unknown;
}

const target = ({ letterId }: LetterAsked) => ({ id: String(letterId).toLowerCase() });

export const replayGroup: Operation<Asked & { group: string }> = {
  id: 'replayDeadLetters',
  forms: { 1: ({ base, group }) => ['POST', `${base}/dead-letters/replays`, {}, { group }] },
  writes: 1,
};

export const replayLetter: Operation<LetterAsked> = {
  id: 'replayDeadLetter',
  forms: { 1: (asked) => ['POST', `${asked.base}/dead-letters/:id/replay`, target(asked), {}] },
  writes: 1,
};

export const discardLetter: Operation<LetterAsked & { reason: string }> = {
  id: 'discardDeadLetter',
  forms: {
    1: (asked) => ['POST', `${asked.base}/dead-letters/:id/discard`, target(asked), { reason: asked.reason }],
  },
  writes: 1,
};
