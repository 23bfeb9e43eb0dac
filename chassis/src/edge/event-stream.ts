/** Server-sent events (WHATWG HTML, 9.2). */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { validationFailed } from './body.ts';
import { contextOf, headerValues } from './context.ts';
import { LOAD_LIMITS } from './load-shedding/limits.ts';

export interface StreamEvent {
  /** Alone, it sets the `Last-Event-ID` without an event. */
  id?: string;
  event?: string;
  /** Sent as JSON, which has no line breaks. */
  data?: object;
}

/** An event as it is sent. */
export function toEventText({ id, event, data }: StreamEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(event === undefined ? [] : [`event: ${event}`]),
    ...(data === undefined ? [] : [`data: ${JSON.stringify(data)}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** A comment: it keeps gateways from closing a connection on which nothing happens. */
const HEARTBEAT = ':\n\n';

/** No cache may keep it, and nginx, which Kong is made of, must not hold it back. */
const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
};

/** One client's stream. What is sent before `begin` is left out. */
export interface EventStream {
  begin(): void;
  send(text: string): void;
  heartbeat(): void;
  /** End it in a way that lets the client resume. */
  end(): void;
  /** Resolves when what was sent is on its way, or the connection is closed. */
  drained(): Promise<void>;
  /** Aborted when the connection is closed. */
  readonly gone: AbortSignal;
}

/** The headers alone, for HEAD. */
export function sendStreamHead(res: Response): void {
  res.writeHead(200, HEADERS).end();
}

/**
 * Answer with a stream. A client that reads more slowly than events come is disconnected, because what it has not read is held in
 * memory; it resumes where it was.
 */
export function openEventStream(res: Response, onDropped: () => void, limits = LOAD_LIMITS.streams): EventStream {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  let isOpen = false;
  let allReadAt = performance.now();

  function drop(): void {
    isOpen = false;
    onDropped();
    res.destroy();
  }

  function send(text: string): void {
    if (!isOpen) return;
    if (res.writableLength > limits.unsentBytes) drop();
    else res.write(text);
  }

  return {
    gone: gone.signal,
    begin() {
      contextOf(res).isStream = true;
      res.writeHead(200, HEADERS);
      isOpen = true;
    },
    send,
    heartbeat() {
      if (res.writableLength === 0) allReadAt = performance.now();
      if (isOpen && performance.now() - allReadAt > limits.unreadMs) drop();
      send(HEARTBEAT);
    },
    end() {
      if (isOpen) res.end();
      isOpen = false;
    },
    async drained() {
      if (res.writableNeedDrain) await once(res, 'drain', { signal: gone.signal }).catch(() => {});
    },
  };
}

/** The `Last-Event-ID` of a request, as `parse` reads it; undefined without one, 400 for one that no stream has sent. */
export function readLastEventId<Id>(req: Request, parse: (text: string) => Id | undefined): Id | undefined {
  const values = headerValues(req, 'last-event-id');
  if (values.length === 0) return undefined;
  const id = values.length === 1 ? parse(values[0] ?? '') : undefined;
  if (id === undefined) {
    throw validationFailed([{ pointer: '/Last-Event-ID', detail: 'Must be one id that this stream has sent.' }]);
  }
  return id;
}
