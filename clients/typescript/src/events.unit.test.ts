import { createClient } from './client.ts';
import { isRefusal } from './errors.ts';
import type { StreamEvent, StreamOptions } from './events.ts';

type Step = { status: number; body: object } | string[] | Error;

/** A `fetch` that gives these answers, one after the other: a stream of pieces that then ends, a refusal, or none. */
function streaming(...steps: Step[]) {
  const asked: (string | null)[] = [];
  async function fetch(_url: string, init: RequestInit): Promise<Response> {
    asked.push(new Headers(init.headers).get('last-event-id'));
    const step = steps[Math.min(asked.length, steps.length) - 1];
    if (step === undefined || step instanceof Error) throw step ?? new Error('nothing more');
    if (!Array.isArray(step)) return new Response(JSON.stringify(step.body), { status: step.status });
    const pieces = step.map((piece) => new TextEncoder().encode(piece));
    const body = new ReadableStream({
      pull(controller) {
        const piece = pieces.shift();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
    });
    return new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream' } });
  }
  return { fetch, asked };
}

/** The first events of a stream. */
async function read(fetch: ReturnType<typeof streaming>['fetch'], count: number, options?: StreamOptions) {
  const client = createClient({ baseUrl: 'http://shop.test', apiKey: 'secret', fetch });
  const events: StreamEvent[] = [];
  for await (const event of client.operations('orders').stream(options)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

const order = (id: string, version: number) => `id: ${id}\nevent: order\ndata: {"version":${version}}\n\n`;

describe('a stream', () => {
  it('gives events with their ids, and no comments', async () => {
    const { fetch, asked } = streaming([
      'id: e.0\n\n:\n\n',
      order('e.1', 1),
      'event: counters\ndata: {"outbox":1}\n\n',
    ]);
    expect(await read(fetch, 2)).toEqual([
      { event: 'order', id: 'e.1', data: { version: 1 } },
      { event: 'counters', id: 'e.1', data: { outbox: 1 } },
    ]);
    expect(asked).toEqual([null]);
  });

  it('puts together what comes in pieces, within a character too', async () => {
    const bytes = new TextEncoder().encode('event: dead-letter\ndata: {"reason":"ä"}\n\n');
    const body = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      },
    });
    expect(await read(async () => new Response(body), 1)).toEqual([
      { event: 'dead-letter', id: undefined, data: { reason: 'ä' } },
    ]);
  });

  it('resumes after the last id when a connection ends, breaks or is refused for a while', async () => {
    const { fetch, asked } = streaming(
      ['id: e.0\n\n'],
      new Error('connection reset'),
      [order('e.1', 1), 'id: e.2\nevent: ord'],
      { status: 503, body: { code: 'overloaded' } },
      [order('e.2', 2)],
    );
    expect((await read(fetch, 2)).map(({ id }) => id)).toEqual(['e.1', 'e.2']);
    expect(asked).toEqual([null, 'e.0', 'e.0', 'e.1', 'e.1']);
  });

  it('resumes where the caller says', async () => {
    const { fetch, asked } = streaming([order('e.8', 1)]);
    await read(fetch, 1, { after: 'e.7' });
    expect(asked).toEqual(['e.7']);
  });

  it('throws a refusal that a repeat would not change', async () => {
    const { fetch, asked } = streaming({ status: 400, body: { code: 'validation-failed' } });
    const failure = await read(fetch, 1, { after: 'x' }).catch((error: unknown) => error);
    expect(isRefusal(failure, 'validation-failed')).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('ends with the signal', async () => {
    const { fetch } = streaming(new Error('away'));
    const signal = AbortSignal.timeout(50);
    await expect(read(fetch, 1, { signal })).rejects.toThrow('timeout');
  });
});
