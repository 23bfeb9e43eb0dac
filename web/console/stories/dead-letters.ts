import type { DeadLetter } from '@shop/client';
import type { Words } from '../../shared/words/words.ts';

/** A line of a dead letter's history. */
export interface LetterEvent {
  key: string;
  at?: string;
  title: string;
  /** The client or person, for what people did. */
  who?: string;
  detail?: string;
  /** Where the error came from, line by line. */
  stack?: string;
  mood: 'bad' | 'normal';
}

/** When it was last set aside. */
export function setAsideAt({ history, id }: DeadLetter): string {
  const last = history.findLast(({ type }) => type === 'dead-lettered');
  return last?.type === 'dead-lettered' ? last.at : timeOf(id);
}

/** What the last error said, in a line. */
export function lastErrorOf({ history }: DeadLetter): string | undefined {
  const last = history.findLast(({ type }) => type === 'failed');
  return last?.type === 'failed' ? attemptOf(last).detail : undefined;
}

/** A dead letter's history, oldest first. */
export function letterEvents({ history }: DeadLetter, words: Words['failures']): LetterEvent[] {
  return history.map((entry, index) => ({ key: `${index}`, ...eventOf(entry, words) }));
}

function eventOf(entry: DeadLetter['history'][number], words: Words['failures']): Omit<LetterEvent, 'key'> {
  switch (entry.type) {
    case 'failed':
      return { title: words.failedAttempt, mood: 'bad', ...attemptOf(entry) };
    case 'dead-lettered': {
      const detail = entry.detail?.split('\n')[0] ?? words.why(entry.reason);
      return { at: entry.at, title: words.setAside, detail, mood: 'bad' };
    }
    case 'replayed':
      return { at: entry.at, title: words.wasReplayed, who: entry.actor, mood: 'normal' };
    case 'discarded':
      return { at: entry.at, title: words.wasDiscarded, who: entry.actor, detail: entry.reason, mood: 'normal' };
  }
}

/** The body as people read it: JSON with a member a line, anything else as it is. */
export function readableBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}

/** Attempts come from headers of a message, which anyone may have written. */
function attemptOf(attempt: Record<string, unknown>): Partial<LetterEvent> {
  const text = (name: string) => (typeof attempt[name] === 'string' ? attempt[name] : undefined);
  const [at, detail, stack] = [text('at'), text('message'), text('stack')];
  return {
    ...(at !== undefined && !Number.isNaN(Date.parse(at)) && { at: new Date(at).toISOString() }),
    ...(detail !== undefined && { detail }),
    ...(stack !== undefined && { stack }),
  };
}

/** The time in a UUIDv7. */
function timeOf(id: string): string {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString();
}
