import { Router } from 'express';
import type { Logger } from '../../base/telemetry/log.ts';
import type { Metrics } from '../../base/telemetry/metrics.ts';
import { principalOf } from '../../edge/callers.ts';
import {
  type EventStream,
  openEventStream,
  readLastEventId,
  sendStreamHead,
  toEventText,
} from '../../edge/event-stream.ts';
import { LOAD_LIMITS } from '../../edge/load-shedding/limits.ts';
import { notSignedIn } from '../../edge/people/people.ts';
import type { Principal } from '../../edge/principal.ts';
import type { Numbered } from '../../reliable/feed/feed.sql.ts';
import type { Feed, Follower } from '../../reliable/feed/feed.ts';
import { fromPositionText, toPositionText } from '../../reliable/feed/position.ts';
import type { Queryable } from '../../reliable/postgres/connections.ts';
import { overloaded } from '../../reliable/refusal.ts';
import { createHints } from './hints.ts';

/** What the stream shows of a service's feed. */
export interface StreamedFeed<Change> {
  /** The name of its events. */
  event: string;
  feed: Feed<Change>;
  toData: (change: Change) => object;
}

export interface StreamRoutesDeps<Change> {
  /** The gateway's path to this service's operations. */
  base: string;
  pool: Queryable;
  metrics: Metrics;
  log: Logger;
  /** Aborted when the process begins to drain. */
  draining: AbortSignal;
  now: () => Date;
  /** What the service counts, beside what all services count. */
  counters?: () => Promise<Record<string, number>>;
  /** Without a feed, the stream has nothing to resume. */
  changes?: StreamedFeed<Change>;
  /** Override for tests. */
  limits?: typeof LOAD_LIMITS.streams | undefined;
}

/** `<base>/stream`: what happens in the service, as server-sent events. */
export function streamRoutes<Change>(deps: StreamRoutesDeps<Change>): Router {
  const { changes, metrics, draining, now, limits = LOAD_LIMITS.streams } = deps;
  const routes = Router({ caseSensitive: true, strict: true });
  const path = `${deps.base}/stream`;
  const hints = createHints(deps);
  const toText = changes && createChangeText(changes);
  let clients = 0;
  metrics.streamClientsLimit.set(limits.clients);

  routes.get(path, async (req, res) => {
    const after = changes && readLastEventId(req, fromPositionText);
    const tokenEndsAt = endOfToken(principalOf(res));
    // Otherwise its stream would end at once, and be asked for again at once.
    if (tokenEndsAt && tokenEndsAt <= now()) throw notSignedIn('The access token has expired.');
    if (draining.aborted || clients >= limits.clients) throw overloaded();
    if (req.method === 'HEAD') return sendStreamHead(res);
    const stream = openEventStream(res, () => metrics.streamClientsDropped.inc(), limits);
    metrics.streamClients.set(++clients);
    stream.gone.addEventListener('abort', () => metrics.streamClients.set(--clients), { once: true });
    const over = endWith(stream, draining, tokenEndsAt && tokenEndsAt.getTime() - now().getTime());
    if (!changes || !toText) {
      stream.begin();
      hints.join(stream);
      return;
    }
    const follower: Follower<Change> = {
      deliver: (some, epoch) => stream.send(toText(some, epoch)),
      // An event without data is none (9.2.6).
      reset: (position) => stream.send(toEventText({ id: toPositionText(position), event: 'reset', data: {} })),
      drained: stream.drained,
      gone: stream.gone,
    };
    await changes.feed.follow(after, follower, (position) => {
      stream.begin();
      // So that a client which is cut off before the first event knows where to resume.
      stream.send(toEventText({ id: toPositionText(position) }));
      if (over.aborted) stream.end();
      else hints.join(stream);
    });
  });

  return routes;
}

/** When the access token of the caller ends; API keys have no end. */
function endOfToken(principal: Principal): Date | undefined {
  switch (principal.kind) {
    case 'shopper':
    case 'staff':
      return principal.expiresAt;
    case 'machine':
    case 'service':
      return undefined;
  }
}

/** Ends the stream when the process drains or this time is over, in a way that lets the client resume. The signal says that it has. */
function endWith(stream: EventStream, draining: AbortSignal, lastsMs: number | undefined): AbortSignal {
  const over = new AbortController();
  const end = () => over.abort();
  const timer = lastsMs === undefined ? undefined : setTimeout(end, lastsMs);
  draining.addEventListener('abort', end, { signal: stream.gone });
  over.signal.addEventListener('abort', stream.end);
  stream.gone.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return over.signal;
}

/** Changes as text, made once for all clients that get them. */
function createChangeText<Change>({ event, toData }: StreamedFeed<Change>) {
  const made = new WeakMap<readonly Numbered<Change>[], string>();
  return (changes: readonly Numbered<Change>[], epoch: string): string => {
    const known = made.get(changes);
    if (known !== undefined) return known;
    const text = changes
      .map((change) =>
        toEventText({ id: toPositionText({ epoch, number: change.position }), event, data: toData(change) }),
      )
      .join('');
    made.set(changes, text);
    return text;
  };
}
