import type { Json } from './json-schemas.ts';

const wholeNumber = (minimum: number) => ({ type: 'integer', minimum });

/** Headers of answers, by name. */
export const answerHeaders: Record<string, Json> = {
  'X-Kong-Request-Id': {
    description: 'The request’s id: quote it when you ask for help.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  'RateLimit-Limit': { description: 'Requests per minute.', schema: wholeNumber(1) },
  'RateLimit-Remaining': { description: 'Requests that are left in this minute.', schema: wholeNumber(0) },
  'RateLimit-Reset': { description: 'Seconds until the next minute.', schema: wholeNumber(1) },
  'X-RateLimit-Limit-Minute': { description: 'As `RateLimit-Limit`.', schema: wholeNumber(1) },
  'X-RateLimit-Remaining-Minute': { description: 'As `RateLimit-Remaining`.', schema: wholeNumber(0) },
  Location: { description: 'The path of what was made.', schema: { type: 'string', pattern: '^/' } },
  'Retry-After': { description: 'Seconds to wait before a repeat.', schema: wholeNumber(1) },
  'Idempotent-Replayed': {
    description: 'This answer was given before, to the first request with this key.',
    schema: { type: 'string', enum: ['true'] },
  },
  Link: {
    description: 'Where the problem is documented.',
    schema: { type: 'string', pattern: '^<[^>]+>; rel="describedby"$' },
  },
  'X-Allowed-Groups': {
    description: 'The groups whose keys may make this call.',
    schema: { type: 'string', pattern: '^[a-z]+(, [a-z]+)*$' },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate.',
    schema: { type: 'string', enum: ['Key realm="header apikey"'] },
  },
};

/** Those that any answer may carry. */
export const everywhere = [
  'X-Kong-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-RateLimit-Limit-Minute',
  'X-RateLimit-Remaining-Minute',
];
