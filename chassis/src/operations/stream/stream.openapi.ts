import { z } from 'zod';
import { toEventText } from '../../edge/event-stream.ts';
import { type Operation, routeOf } from '../../edge/openapi/document.ts';
import { EXAMPLE_POSITION } from '../../edge/openapi/resumable.ts';

const counted = { outbox: 0, deadLetters: 1 };

/** What the stream of a service has beside what all have. */
export interface StreamDescription {
  /** A queue of the service. */
  queue: string;
  /** What the service counts. */
  counters?: Record<string, number>;
  /** Its feed: the name of the events, what they mean, and an example. */
  changes?: { event: string; meaning: string; example: object };
}

/** The operation at `/stream` below `base`. */
export function streamOperations(base: string, { queue, counters, changes }: StreamDescription): Operation[] {
  const letter = { id: '0195f0a0-0000-7000-8000-00000000000a', queue, type: 'unknown', reason: 'attempts-exhausted' };
  const next = EXAMPLE_POSITION.replace(/\d+$/, (number) => String(Number(number) + 1));
  const example = [
    ...(changes ? [toEventText({ id: EXAMPLE_POSITION })] : []),
    toEventText({ event: 'counters', data: { ...counters, ...counted } }),
    ...(changes ? [toEventText({ id: next, event: changes.event, data: changes.example })] : []),
    toEventText({ event: 'dead-letter', data: { ...letter, group: `${queue}:${letter.type}:${letter.reason}` } }),
  ];
  const rows = [
    ...(changes
      ? [
          `| \`${changes.event}\` | ${changes.meaning} Each once, in the order of \`id\`. |`,
          '| `reset` | Changes are missing, because they are not kept for so long or were lost with a restored backup. Read what you show again; the stream goes on from its `id`. |',
        ]
      : []),
    '| `counters` | Now and when one of them has changed: undecided orders, unsent messages, open dead letters. At most every 2 s. |',
    '| `dead-letter` | A message could not be handled. Of many at once, the newest 20. |',
  ];
  return [
    {
      method: 'get',
      path: `${base}/stream`,
      operationId: 'readStream',
      route: `${routeOf(base)}-stream`,
      summary: 'Follow what happens',
      description: [
        'Server-sent events (WHATWG HTML, 9.2), from now on. The data of each event is a JSON object:',
        ['| Event | Meaning |', '| --- | --- |', ...rows].join('\n'),
        changes
          ? 'The stream begins with an `id`. Send the last `id` as `Last-Event-ID` to resume after it, at any process; counters and dead letters have none and are not repeated.'
          : 'Nothing is repeated: read the lists after a new connection.',
        'Comments come every 2 s. The stream ends when its process stops, the access token expires or the client reads too slowly: connect again. Each process serves 200 clients.',
      ].join('\n\n'),
      tag: 'stream',
      groups: ['operations', 'backoffice'],
      resumable: changes !== undefined,
      answers: [
        {
          status: 200,
          description: 'The stream. It does not end by itself.',
          content: { mediaType: 'text/event-stream', schema: z.string() },
          examples: { '200': example.join('') },
          headers: { 'Cache-Control': true, 'X-Accel-Buffering': false },
        },
      ],
    },
  ];
}
