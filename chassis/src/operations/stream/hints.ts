/**
 * What a stream shows besides changes: counters, and dead letters that have arrived. They have no position and are not kept; a client
 * that comes again reads the present state first. They are read once for all clients of the process, and only while there are any.
 */
import type { Logger } from '../../base/telemetry/log.ts';
import type { Metrics } from '../../base/telemetry/metrics.ts';
import { type EventStream, toEventText } from '../../edge/event-stream.ts';
import type { DeadLetter } from '../../reliable/dead-letters/dead-letter.ts';
import { listDeadLetters } from '../../reliable/dead-letters/dead-letters.sql.ts';
import type { Queryable } from '../../reliable/postgres/connections.ts';

export interface HintsDeps {
  pool: Queryable;
  metrics: Pick<Metrics, 'outboxPending' | 'deadLettersOpen'>;
  log: Logger;
  counters?: () => Promise<Record<string, number>>;
}

// Kong closes a connection on which it reads nothing for 5 s.
const HEARTBEAT_MS = 2_000;
// The newest ones. Beyond them only the counter changes.
const LETTERS_AT_MOST = 20;

/** Keeps streams alive, and sends them hints. */
export function createHints({ pool, metrics, log, counters = async () => ({}) }: HintsDeps) {
  const streams = new Set<EventStream>();
  let timer: NodeJS.Timeout | undefined;
  let isReading = false;
  // What the streams have been sent.
  let counted = '';
  let letters: readonly DeadLetter[] | undefined;

  async function beat(): Promise<void> {
    for (const stream of streams) stream.heartbeat();
    if (isReading) return;
    isReading = true;
    try {
      await sendCounters();
      await sendDeadLetters();
    } catch (error) {
      // The health check reports a database that is away.
      log.debug({ err: error }, 'could not read the hints of a stream');
    } finally {
      isReading = false;
    }
  }

  async function sendCounters(): Promise<void> {
    const text = await countersText();
    if (text === counted) return;
    counted = text;
    sendAll(text);
  }

  async function countersText(): Promise<string> {
    const data = {
      ...(await counters()),
      outbox: await sumOf(metrics.outboxPending),
      deadLetters: await sumOf(metrics.deadLettersOpen),
    };
    return toEventText({ event: 'counters', data });
  }

  async function sendDeadLetters(): Promise<void> {
    const open = await listDeadLetters(pool, { status: 'open' }, LETTERS_AT_MOST);
    const known = letters;
    letters = open;
    if (!known) return;
    for (const { id, queue, type, reason, group } of open.filter((letter) => hasArrived(letter, known)).reverse()) {
      sendAll(toEventText({ event: 'dead-letter', data: { id, queue, type, reason, group } }));
    }
  }

  function sendAll(text: string): void {
    for (const stream of streams) stream.send(text);
  }

  function leave(stream: EventStream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    counted = '';
    letters = undefined;
  }

  return {
    /** Until the stream is gone. It gets the counters at once. */
    join(stream: EventStream): void {
      streams.add(stream);
      stream.gone.addEventListener('abort', () => leave(stream), { once: true });
      timer ??= setInterval(beat, HEARTBEAT_MS);
      if (counted !== '') stream.send(counted);
      else void beat();
    },
  };
}

/**
 * Whether an open letter was not among the newest before. One that is older than those has only moved up; one that was replayed and
 * died again has more attempts.
 */
function hasArrived({ id, attempts }: DeadLetter, known: readonly DeadLetter[]): boolean {
  const before = known.find((letter) => letter.id === id);
  if (before) return before.attempts !== attempts;
  const [newest] = known;
  return !newest || id > newest.id;
}

async function sumOf(gauge: { get(): Promise<{ values: readonly { value: number }[] }> }): Promise<number> {
  const { values } = await gauge.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}
