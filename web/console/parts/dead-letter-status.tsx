import type { DeadLetter } from '@shop/client';
import { type Mood, Status } from '../../shared/components/status.tsx';
import { words } from '../../shared/words/locale.ts';

const shown: Record<DeadLetter['status'], { mood: Mood; mark: string }> = {
  open: { mood: 'bad', mark: '✕' },
  replayed: { mood: 'good', mark: '↻' },
  discarded: { mood: 'quiet', mark: '⊘' },
};

/** Every state of a dead letter with its word. */
export const deadLetterStatuses = (Object.keys(shown) as DeadLetter['status'][]).map((value) => ({
  value,
  text: words.failures[value],
}));

/** The state of a dead letter. */
export function DeadLetterStatus({ status }: { status: DeadLetter['status'] }) {
  const { mood, mark } = shown[status];
  return (
    <Status mood={mood} mark={mark}>
      {words.failures[status]}
    </Status>
  );
}
