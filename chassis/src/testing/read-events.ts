/** A client of server-sent events, as the WHATWG HTML standard describes it in 9.2.6. */

export interface ReceivedEvent {
  event: string;
  /** The last `id` when it came. */
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came and fails when it is something else
  data: any;
}

export interface EventReader {
  status: number;
  headers: Headers;
  /** In the order in which they came. */
  received: ReceivedEvent[];
  /** Where it would resume. */
  lastEventId(): string;
  comments(): number;
  /** Resolves when the server ends the stream or the connection breaks. */
  ended: Promise<'ended' | 'broken'>;
  close(): Promise<void>;
}

/** Open a stream, and read it until it ends or is closed. A refusal has a status and no events. */
export async function readEvents(url: string, headers: Record<string, string>, after?: string): Promise<EventReader> {
  const abort = new AbortController();
  const resuming = after === undefined ? headers : { ...headers, 'last-event-id': after };
  const response = await fetch(url, { headers: resuming, signal: abort.signal });
  const received: ReceivedEvent[] = [];
  let lastEventId = after ?? '';
  let comments = 0;

  function dispatch(block: string): void {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === '') comments += 1;
      else fields[name] = value;
    }
    if (fields.id !== undefined) lastEventId = fields.id;
    if (fields.data === undefined) return;
    received.push({ event: fields.event ?? 'message', id: lastEventId, data: JSON.parse(fields.data) });
  }

  async function read(): Promise<'ended' | 'broken'> {
    let text = '';
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) dispatch(block);
      }
      return 'ended';
    } catch {
      return 'broken';
    }
  }

  const ended = response.status === 200 ? read() : Promise.resolve('ended' as const);
  return {
    status: response.status,
    headers: response.headers,
    received,
    lastEventId: () => lastEventId,
    comments: () => comments,
    ended,
    async close() {
      abort.abort();
      await ended;
    },
  };
}
