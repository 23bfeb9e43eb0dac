import type { Json } from './json-schemas.ts';

const wholeNumber = (minimum: number) => ({ type: 'integer', minimum });

/** Response headers, by name. */
export const answerHeaders: Record<string, Json> = {
  'X-Kong-Request-Id': {
    description: 'Id of the request. Include it in a support request.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  'RateLimit-Limit': { description: 'Requests per minute.', schema: wholeNumber(1) },
  'RateLimit-Remaining': { description: 'Requests remaining in this minute.', schema: wholeNumber(0) },
  'RateLimit-Reset': { description: 'Seconds until the next minute.', schema: wholeNumber(1) },
  'X-RateLimit-Limit-Minute': { description: 'Same as `RateLimit-Limit`.', schema: wholeNumber(1) },
  'X-RateLimit-Remaining-Minute': { description: 'Same as `RateLimit-Remaining`.', schema: wholeNumber(0) },
  Location: { description: 'Path of the created resource.', schema: { type: 'string', pattern: '^/' } },
  ETag: {
    description: 'The version, in quotes. Send it in `If-Match` with a change.',
    schema: { type: 'string', pattern: '^"\\d+"$' },
  },
  'Cache-Control': {
    description: 'Whether a cache may store the response, and for how many seconds.',
    schema: { type: 'string', enum: ['no-store', 'public, max-age=30'] },
  },
  'Set-Cookie': {
    description: 'The access token, and in a second line the refresh token; or their removal.',
    schema: { type: 'string' },
  },
  'X-Accel-Buffering': {
    description: 'For gateways that are made of nginx, which keep it to themselves.',
    schema: { type: 'string', enum: ['no'] },
  },
  'Retry-After': { description: 'Seconds to wait before a retry.', schema: wholeNumber(1) },
  'Idempotent-Replayed': {
    description: 'Present when the response is a replay of the response to the first request with this key.',
    schema: { type: 'string', enum: ['true'] },
  },
  Link: {
    description: 'Documentation of the problem.',
    schema: { type: 'string', pattern: '^<[^>]+>; rel="describedby"$' },
  },
  'X-Allowed-Groups': {
    description: 'Groups whose keys may make this request.',
    schema: { type: 'string', pattern: '^[a-z]+(, [a-z]+)*$' },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate.',
    schema: { type: 'string', enum: ['Key realm="header apikey"'] },
  },
};

/** Headers that any response may have. */
export const everywhere = [
  'X-Kong-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-RateLimit-Limit-Minute',
  'X-RateLimit-Remaining-Minute',
];
