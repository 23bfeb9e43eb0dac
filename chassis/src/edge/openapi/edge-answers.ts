/** Responses that any operation may return: errors of the edge that all services share, and errors of the gateway. */
import { z } from 'zod';
import { gatewayRefusals } from '../../contract/problems.ts';
import { MAX_REPORTED_FAULTS } from '../list.ts';
import { type Answer, gatewayAnswer, problemAnswer } from './answers.ts';

const problems = {
  gatewayRequired: problemAnswer('gateway-required'),
  ofPeople: [problemAnswer('not-signed-in'), problemAnswer('forbidden')],
  validationFailed: problemAnswer('validation-failed', {
    members: {
      errors: z
        .array(
          z.strictObject({
            pointer: z.string().meta({ description: 'JSON Pointer into the body or to the query parameter' }),
            detail: z.string(),
          }),
        )
        .min(1)
        .max(MAX_REPORTED_FAULTS),
    },
  }),
  ofBody: [problemAnswer('invalid-json'), problemAnswer('payload-too-large'), problemAnswer('unsupported-media-type')],
  ofIdempotencyKey: [
    problemAnswer('idempotency-key-missing'),
    problemAnswer('idempotency-key-malformed'),
    problemAnswer('request-in-progress'),
    problemAnswer('idempotency-key-reused'),
  ],
  internal: problemAnswer('internal'),
  ofDatabase: [problemAnswer('overloaded'), problemAnswer('unavailable')],
};

function ofGateway(...statuses: (typeof gatewayRefusals)[number]['status'][]): Answer[] {
  return gatewayRefusals.filter(({ status }) => statuses.includes(status)).map(gatewayAnswer);
}
const gateway = {
  any: ofGateway(400, 413, 414, 429, 500, 502, 503, 504),
  keyed: ofGateway(401, 403),
  withParameter: ofGateway(404),
};

/** Properties of an operation that decide which of the common responses it may return. */
export interface Traits {
  /** Clients call it with an API key. */
  keyed: boolean;
  /** People call it, with or without an access token. */
  forPeople: boolean;
  /** Needs an Idempotency-Key. */
  idempotent: boolean;
  /** Reads a body. */
  body: boolean;
  pathParameters: boolean;
  /** Has query parameters, or headers with rules of their own. */
  validated: boolean;
  /** Works without the service's database, and is not queued. */
  withoutDatabase?: boolean;
}

/** The common responses of such an operation. */
export function edgeAnswers(traits: Traits): Answer[] {
  return [
    ...(traits.validated || traits.body ? [problems.validationFailed] : []),
    ...(traits.body ? problems.ofBody : []),
    ...(traits.idempotent ? problems.ofIdempotencyKey : []),
    problems.gatewayRequired,
    ...(traits.forPeople ? problems.ofPeople : []),
    problems.internal,
    ...(traits.withoutDatabase ? [] : problems.ofDatabase),
    ...(traits.keyed ? gateway.keyed : []),
    ...(traits.pathParameters ? gateway.withParameter : []),
    ...gateway.any,
  ];
}
