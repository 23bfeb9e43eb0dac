/**
 * A stream of server-sent events (WHATWG HTML, 9.2.6), read by `fetch`: EventSource cannot send an API key. A connection that ends,
 * breaks or falls silent is replaced by another, which resumes after the last `id`.
 */
import { pauseBefore } from './backoff.ts';
import { pause, type Transport } from './call.ts';
import { needsRenewal, type Shown, withCredentials } from './credentials.ts';
import { RefusedError } from './errors.ts';
import { judge } from './judge.ts';
import { fetchOf, urlOf } from './settings.ts';
import type { OrderStatus } from './types.ts';

/** The data of each event, by its name. */
export interface StreamData {
  /** An order was placed (version 1), or its status has changed. */
  order: { orderId: string; number: string; status: OrderStatus; version: number };
  /** Changes are missing: read what you show again. */
  reset: Record<string, never>;
  /** What the service counts. */
  counters: Record<string, number>;
  /** A message could not be handled. */
  'dead-letter': { id: string; queue: string; type: string; reason: string; group: string };
}

/** An event of a stream. Ignore one whose name you do not know. `id` is where the stream resumes after it. */
export type StreamEvent = {
  [Name in keyof StreamData]: { event: Name; id: string | undefined; data: StreamData[Name] };
}[keyof StreamData];

export interface StreamOptions {
  /** Ends the stream: the loop throws its reason. */
  signal?: AbortSignal;
  /** The `id` of an earlier event, after which to resume. Without one the stream begins now. */
  after?: string;
}

/** Makes streams with these settings. */
export type Streamer = (path: string, options?: StreamOptions) => AsyncIterable<StreamEvent>;

/** A streamer for `createClient`. */
export function makeStreamer(transport: Transport): Streamer {
  return (path, options = {}) => ({ [Symbol.asyncIterator]: () => followEvents(transport, path, options) });
}

// The server sends something every 2 s.
const SILENCE_MS = 10_000;

async function* followEvents(
  transport: Transport,
  path: string,
  { signal, after }: StreamOptions,
): AsyncGenerator<StreamEvent> {
  let lastId = after;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    const connection = openConnection(signal);
    let retryAfterMs = 0;
    try {
      const response = await request(transport, path, lastId, connection.signal);
      if (response.status === 200 && response.body) {
        for await (const block of blocksOf(response.body, connection.heard)) {
          failures = 0;
          const { id, event, data } = parseBlock(block);
          lastId = id ?? lastId;
          if (data !== undefined) yield { event, id: lastId, data: JSON.parse(data) } as StreamEvent;
        }
      } else retryAfterMs = await readRefusal(path, response);
    } catch (error) {
      if (error instanceof RefusedError) throw error;
    } finally {
      connection.close();
    }
    failures += 1;
    signal?.throwIfAborted();
    await pause(pauseBefore(failures, retryAfterMs), signal);
  }
}

/** Aborted by the caller, or when nothing has come for too long. */
function openConnection(signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new Error('the stream has fallen silent')), SILENCE_MS);
  };
  signal?.addEventListener('abort', abort);
  heard();
  return {
    signal: controller.signal,
    heard,
    close() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      controller.abort();
    },
  };
}

/** Asks for the stream; once more with other credentials if they were the reason of the refusal. */
async function request(
  { settings, credentials }: Transport,
  path: string,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
  const init: RequestInit = { method: 'GET', headers, redirect: 'error', cache: 'no-store', signal };
  const send = (shown: Shown) => fetchOf(settings)(urlOf(settings, path), withCredentials(init, shown));
  const shown = await credentials.present();
  const response = await send(shown);
  if (response.status !== 401) return response;
  const attempt = judge({ status: 401, retryAfter: null, text: await response.clone().text() }, Date.now());
  const isWorthRenewing = attempt.kind === 'refused' && needsRenewal(attempt.problem);
  return isWorthRenewing && (await credentials.renew(shown)) ? send(await credentials.present()) : response;
}

/** Throws for an answer that a repeat would not change; else how long to wait. */
async function readRefusal(path: string, response: Response): Promise<number> {
  const { status, headers } = response;
  const attempt = judge({ status, retryAfter: headers.get('retry-after'), text: await response.text() }, Date.now());
  if (attempt.kind === 'refused') {
    const { problem } = attempt;
    throw new RefusedError({ request: `GET ${path}`, outcome: 'refused', attempts: 1, problem });
  }
  return attempt.kind === 'repeat' ? attempt.retryAfterMs : 0;
}

/** What stands between empty lines. Half a block at the end is none. */
async function* blocksOf(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks;
  }
}

/** Its fields. A line that begins with a colon is a comment. */
function parseBlock(block: string): { id: string | undefined; event: string; data: string | undefined } {
  const fields = new Map(
    block.split('\n').map((line) => {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      return [name, value] as const;
    }),
  );
  return { id: fields.get('id'), event: fields.get('event') ?? 'message', data: fields.get('data') };
}
