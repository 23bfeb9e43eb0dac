/** The answers that any operation may give: the refusals of the services' common edge, and the gateway's own. */
import { z } from 'zod';
import { MAX_REPORTED_FAULTS } from '../http/list.ts';
import { edgeProblems } from '../http/problem.ts';
import { type Answer, gatewayAnswer, type ProblemWords, problemAnswer } from './answers.ts';

type EdgeCode = Exclude<keyof typeof edgeProblems, NotRouted | OfAnOperation>;
/** Codes of paths that the gateway does not route, or routes to nothing. */
type NotRouted = 'internal-token-required' | 'not-found';
/** Codes that single operations give; these describe them. */
type OfAnOperation = 'dead-letter-not-found' | 'illegal-transition';

const words: Record<EdgeCode, ProblemWords> = {
  'gateway-required': {
    advice:
      'the gateway’s headers did not arrive. Do not name `X-Gateway-Token` or `X-Consumer-*` in `Connection`, and call the gateway, not the service.',
    detail: 'Call the gateway, not the service.',
  },
  'invalid-json': { advice: 'the body is empty, not JSON, or not UTF-8. Mend it.', detail: 'The body is empty.' },
  'validation-failed': {
    advice: 'mend what `errors` points at. A `cursor` is good only for the list and the filters that gave it.',
    detail: 'One member is not valid.',
    example: { errors: [{ pointer: '/lines/0/quantity', detail: 'Too small: expected number to be >=1' }] },
    members: {
      errors: z
        .array(
          z.strictObject({
            pointer: z.string().meta({ description: 'JSON Pointer into the body, or to the query parameter' }),
            detail: z.string(),
          }),
        )
        .min(1)
        .max(MAX_REPORTED_FAULTS),
    },
  },
  'unsupported-media-type': {
    advice: 'send `Content-Type: application/json` and no `Content-Encoding`.',
    detail: 'Send application/json.',
  },
  'payload-too-large': { advice: 'send less at a time.', detail: 'The body exceeds the limit.' },
  'idempotency-key-missing': {
    advice: 'send an `Idempotency-Key`.',
    detail: 'Send a header Idempotency-Key: a new one for a new request, the same one for a repeat.',
    header: 'Link',
  },
  'idempotency-key-malformed': {
    advice: 'mend the `Idempotency-Key`, and send only one.',
    detail: 'Send one Idempotency-Key of 1 to 255 visible ASCII characters, bare or in double quotes.',
    header: 'Link',
  },
  'request-in-progress': {
    advice:
      'the first request with this key has not been answered yet. Repeat it after `Retry-After`, with the same key.',
    detail: 'The first request with this Idempotency-Key has not been answered yet.',
    header: 'Retry-After',
  },
  'idempotency-key-reused': {
    advice: 'this key was used for another request. Use a new key for a new request.',
    detail: 'Use a new Idempotency-Key for a new request.',
  },
  overloaded: {
    advice: 'nothing was done. Repeat after `Retry-After` with the same key, with growing pauses.',
    detail: 'Nothing was done. Send it again a little later.',
    header: 'Retry-After',
  },
  unavailable: {
    advice: 'nothing was done, or it is safe to repeat. Repeat after `Retry-After`, with the same key.',
    detail: 'Nothing was done, or it is safe to repeat.',
    header: 'Retry-After',
  },
  internal: {
    advice: 'a fault of ours. Repeating with the same key is safe; quote `traceId` when you ask for help.',
    detail: 'The request was not done. Send it again with the same key.',
  },
};

const answers = Object.fromEntries(
  (Object.keys(words) as EdgeCode[]).map((code) => [code, problemAnswer(code, edgeProblems[code], words[code])]),
) as Record<EdgeCode, Answer>;

function edge(...codes: EdgeCode[]): Answer[] {
  return codes.map((code) => answers[code]);
}

const ofGateway = {
  any: [
    gatewayAnswer(400, 'Bad request', 'the request is malformed. Mend it.'),
    gatewayAnswer(413, 'Payload too large', 'the body is larger than 1 MiB. Send less at a time.'),
    gatewayAnswer(414, 'URI too long', 'the request line is longer than 8 KiB. Shorten the query.'),
    gatewayAnswer(429, 'API rate limit exceeded', 'too many requests in this minute. Repeat after `Retry-After`.', {
      'Retry-After': true,
    }),
    gatewayAnswer(500, 'An unexpected error occurred', 'a fault of the gateway. Repeating with the same key is safe.'),
    gatewayAnswer(
      502,
      'An invalid response was received from the upstream server',
      'the service broke off; whether a write was done is unknown. Repeat it with the same key.',
    ),
    gatewayAnswer(
      503,
      'failure to get a peer from the ring-balancer',
      'no process of the service is there. Repeat with the same key, with growing pauses.',
    ),
    gatewayAnswer(
      504,
      'The upstream server is timing out',
      'the service did not answer; whether a write was done is unknown. Repeat it with the same key.',
    ),
  ],
  keyed: [
    gatewayAnswer(401, 'No API key found in request', 'no `apikey`, or one that nobody has.', {
      'WWW-Authenticate': true,
    }),
    gatewayAnswer(403, 'You cannot consume this service', 'the key’s group may not do this. Use another key.', {
      'X-Allowed-Groups': true,
    }),
  ],
  withParameter: [gatewayAnswer(404, 'no Route matched with those values', 'the path is not UTF-8. Mend it.')],
};

/** How an operation is called decides which of the common answers it may give. */
export interface Traits {
  keyed: boolean;
  write: boolean;
  pathParameters: boolean;
  query: boolean;
  /** Works without the service's database, and waits in no line. */
  withoutDatabase?: boolean;
}

/** The common answers of such an operation. */
export function edgeAnswers({ keyed, write, pathParameters, query, withoutDatabase }: Traits): Answer[] {
  return [
    ...(query || write ? edge('validation-failed') : []),
    ...(write ? edge('invalid-json', 'idempotency-key-missing', 'idempotency-key-malformed') : []),
    ...edge('gateway-required'),
    ...(write
      ? edge('request-in-progress', 'payload-too-large', 'unsupported-media-type', 'idempotency-key-reused')
      : []),
    ...edge('internal'),
    ...(withoutDatabase ? [] : edge('overloaded', 'unavailable')),
    ...(keyed ? ofGateway.keyed : []),
    ...(pathParameters ? ofGateway.withParameter : []),
    ...ofGateway.any,
  ];
}
