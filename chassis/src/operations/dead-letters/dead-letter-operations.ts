/**
 * What the fingerprints of the writes to dead letters are made of. The paths in version 1 are names that stay when a
 * route changes. Frozen: a change of a form is a new version of it (docs/adr/0023).
 */
import type { Operation } from '../../reliable/idempotency/fingerprint.ts';

/** Which service's operations, by their path. */
interface Asked {
  base: string;
}

/** The letter with this id, as the path has it: an id means the same in capitals. */
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
