/** What the document says of a stream that can be resumed (event-stream.ts). */
import { POSITION_PATTERN } from '../../reliable/feed/position.ts';
import type { Json } from './json-schemas.ts';

export const EXAMPLE_POSITION = '3f9a2c1b7d10.1042';

/** Parameters of requests, by name. */
export const streamParameters = {
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The last `id` that the client has read: the stream resumes after it.',
    schema: { type: 'string', pattern: POSITION_PATTERN },
    example: EXAMPLE_POSITION,
  },
} as const satisfies Record<string, Json>;
