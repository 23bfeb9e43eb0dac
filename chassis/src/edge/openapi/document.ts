import type { z } from 'zod';
import { KEPT_FOR_EVER } from '../../contract/descriptions.ts';
import { orderBy } from '../../reliable/order-by.ts';
import type { Answer } from './answers.ts';
import { type CalledOperation, peopleOf } from './callers.ts';
import { edgeAnswers } from './edge-answers.ts';
import { answerHeaders, everywhere } from './headers.ts';
import { createJsonSchemas, type Json, type JsonSchemas } from './json-schemas.ts';
import { streamParameters } from './resumable.ts';
import { type VersionedThing, versionedAnswers, versionParameter, versionParameters } from './versioned.ts';

/** One operation of a service, as clients see it through the gateway. */
export interface Operation extends CalledOperation {
  operationId: string;
  summary: string;
  /** What it does, beyond the summary. How to handle each response is described at the response. */
  description: string;
  tag: string;
  /** The name of its gateway route, also in metrics. It stays when the path changes. Methods of a path may share one. */
  route: string;
  /** Limit for one client, when it is lower than the gateway's limit for all operations together. */
  requestsPerMinute?: number;
  parameters?: Record<string, z.ZodType>;
  query?: z.ZodObject;
  body?: { schema: z.ZodType; example: unknown; optional?: boolean };
  /**
   * The resource is versioned: a read returns the version, and a PUT, PATCH or DELETE sends in `If-Match` the version that it
   * is based on. A POST sends none.
   */
  versioned?: VersionedThing;
  /** It is a stream, and takes a `Last-Event-ID`. */
  resumable?: boolean;
  /** A POST that only reads, so that nothing stands in its URL. It takes no Idempotency-Key. */
  readsOnly?: boolean;
  /** Works without the service's database, and is not queued. */
  withoutDatabase?: boolean;
  /** Responses besides those that every operation may return. */
  answers: readonly Answer[];
  /** Links from its successful response, by name. */
  links?: Record<string, Link>;
}

/** An operation, and its input taken from a response (OpenAPI 3.1, Runtime Expressions). */
export interface Link {
  operationId: string;
  parameters?: Record<string, string>;
  requestBody?: unknown;
}

/** The gateway route name of a path without parameters. */
export function routeOf(path: string): string {
  return path.slice(1).replaceAll('/', '-');
}

/** The next page of a list: the same operation with the returned cursor. */
export function nextPage(operationId: string): Record<string, Link> {
  return { nextPage: { operationId, parameters: { cursor: '$response.body#/nextCursor' } } };
}

/** Operations on the resource in a response body: the path parameter `name` is at `pointer`. */
export function linksTo(operationIds: readonly string[], name: string, pointer: string): Record<string, Link> {
  const parameters = { [name]: `$response.body#${pointer}` };
  return Object.fromEntries(operationIds.map((operationId) => [operationId, { operationId, parameters }]));
}

export interface DocumentedService {
  title: string;
  /** What the service is responsible for, in a few words; shown on the gateway's page. */
  summary: string;
  description: string;
  tags: Record<string, string>;
  operations: readonly Operation[];
}

/** Settings of a service that its document contains. */
export interface Published {
  version: string;
  keyRetentionHours: number;
}

/** Rules for clients that apply to every request. */
export const callingAdvice = `All calls go through the gateway, with an API key in the header \`apikey\`. People call with an access token instead, which they get by signing in: with \`X-Caller: shopper\` or \`X-Caller: staff\` on every request, and the token in the cookie of that kind (pages) or in \`Authorization: Bearer\` (apps). HEAD is supported wherever GET is. Bodies are \`application/json\` in UTF-8, at most 1 MiB; unknown members are rejected. Amounts of money are integers in minor units.

Every POST and PATCH that needs an API key or an access token, except lookups, requires an \`Idempotency-Key\`. How a client should handle a response:

| Response | Action |
| --- | --- |
| none, 500, 502, 503, 504 | retry with the same key, after \`Retry-After\` if present, with exponential backoff |
| 202 | the request is stored; retry with the same key later to get the outcome |
| 409 \`request-in-progress\`, 429 | retry with the same key after \`Retry-After\` |
| any other 4xx | do not retry unchanged: correct the request, or accept the error |

Errors of the services are \`application/problem+json\` (RFC 9457): decide by \`code\`. Errors of the gateway have no \`code\` and are \`application/json\` unless \`Accept\` prefers HTML, XML or plain text: decide by the status.`;

/** The OpenAPI 3.1 document of a service. */
export function toDocument(service: DocumentedService, { version, keyRetentionHours }: Published): Json {
  const schemas = createJsonSchemas();
  const examples: Record<string, Json> = {};
  const paths: Record<string, Json> = {};
  for (const operation of service.operations) {
    paths[operation.path] ??= {};
    Object.assign(paths[operation.path] as Json, { [operation.method]: toOperation(operation, schemas, examples) });
  }
  const headers = referred(answerHeaders, headerReference, paths);
  // Moves shared responses out of their operations.
  const responses = shareResponses(Object.values(paths).flatMap((path) => Object.values(path) as Json[]));
  return {
    openapi: '3.1.1',
    info: {
      title: service.title,
      summary: service.summary,
      version,
      description: service.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway' }],
    tags: Object.entries(service.tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      parameters: {
        IdempotencyKey: idempotencyKey(keyRetentionHours),
        ...referred(versionParameters, parameterReference, paths),
        ...referred(streamParameters, parameterReference, paths),
        ...referred(callerParameters, parameterReference, paths),
      },
      headers,
      schemas: sorted(schemas.components),
      examples: sorted(examples),
      responses,
      securitySchemes: usedSchemes(service.operations),
    },
  };
}

/**
 * What `readIdempotencyKey` accepts: a bare key, which does not begin with a quote, or a string of RFC 8941. Both have
 * 1 to 255 characters, escapes counted as one.
 */
export const IDEMPOTENCY_KEY_PATTERN = String.raw`^(?:[!#-~][!-~]{0,254}|"(?:[ !#-\[\]-~]|\\["\\]){1,255}")$`;

function idempotencyKey(keyRetentionHours: number): Json {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description:
      'Identifies the request: a new key for each operation, the same key for every retry. Bare or as an RFC 8941 string; ' +
      'both forms are the same key. A retry has no second effect and gets the first final response again, with ' +
      `\`Idempotent-Replayed: true\`. Kept for ${keyRetentionHours} hours; ${KEPT_FOR_EVER}`,
    schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
    example: '0195f0a0-6a3e-7b52-9d2e-3f4a5b6c7d8e',
    'x-retention-hours': keyRetentionHours,
  };
}

const securitySchemes: Record<string, Json> = {
  apikey: {
    type: 'apiKey',
    in: 'header',
    name: 'apikey',
    description: 'API key of the client. Its groups decide which operations it may call.',
  },
  shopper: accessToken('shopper', 'A shopper may read and change what belongs to the account.'),
  staff: accessToken('staff', 'The roles of a member of staff decide which operations the account may call.'),
};

function usedSchemes(operations: readonly Operation[]): Json {
  const used = new Set(operations.flatMap((one) => [...(one.groups.length > 0 ? ['apikey'] : []), ...peopleOf(one)]));
  return Object.fromEntries(Object.entries(securitySchemes).filter(([name]) => used.has(name)));
}

function accessToken(caller: 'shopper' | 'staff', description: string): Json {
  const places = `The header \`X-Caller: ${caller}\` is required. Pages have the token in the cookie \`__Host-${caller}\` instead.`;
  return { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: `${description} ${places}` };
}

function toOperation(operation: Operation, schemas: JsonSchemas, examples: Record<string, Json>): Json {
  const { method, groups, parameters = {}, query, body, versioned, resumable = false, signsIn, links } = operation;
  if (versioned && method === 'post') throw new Error(`${operation.operationId}: a POST names no version`);
  const isWrite = method === 'post' || method === 'patch';
  const people = peopleOf(operation);
  const callers = [...groups, ...people];
  // A key has a scope, and calls that anyone may make have none.
  const idempotent = isWrite && !operation.readsOnly && callers.length > 0;
  const common = edgeAnswers({
    ...operation,
    keyed: groups.length > 0,
    forPeople: people.length > 0 || callers.length === 0,
    idempotent,
    body: isWrite || method === 'put',
    pathParameters: Object.keys(parameters).length > 0,
    validated:
      query !== undefined || resumable || signsIn !== undefined || (versioned !== undefined && method !== 'get'),
  });
  const own = versioned ? versionedAnswers(method, versioned, operation.answers) : operation.answers;
  const answers = [...own, ...common].map((answer) => (signsIn ? withoutStorage(answer) : answer));
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    tags: [operation.tag],
    // Any one of these roles is sufficient (OpenAPI 3.1, Security Requirement Object).
    security: [...groups.map((group) => ({ apikey: [group] })), ...people.map((kind) => ({ [kind]: [] }))],
    // kong/kong.yml is generated from these, the path and the method.
    'x-gateway-route': operation.route,
    'x-callers': callers.length > 0 ? callers : ['anyone'],
    'x-requests-per-minute': operation.requestsPerMinute,
    parameters: [
      ...Object.entries(parameters).map(([name, schema]) =>
        toParameter(name, 'path', true, schemas.of(schema, 'input'), schemas),
      ),
      ...Object.entries(query?.shape ?? {}).map(([name, schema]) =>
        toParameter(name, 'query', false, schemas.of(schema as z.ZodType, 'input'), schemas),
      ),
      ...(idempotent ? [parameterReference('IdempotencyKey')] : []),
      ...(versioned ? [parameterReference(versionParameter(method))] : []),
      ...(resumable ? [parameterReference('LastEventId')] : []),
      ...(signsIn ? [parameterReference(callerParameter(signsIn))] : []),
    ],
    requestBody: body && {
      required: !body.optional,
      content: { 'application/json': { schema: schemas.of(body.schema, 'input'), example: body.example } },
    },
    responses: toResponses(answers, links, schemas, examples),
  };
}

/** A response with tokens, or one in its place, is for no cache. The edge and the gateway do not say so. */
function withoutStorage(answer: Answer): Answer {
  return { ...answer, headers: { 'Cache-Control': false, ...answer.headers } };
}

const callerParameters: Record<string, Json> = {
  Caller: declaresCaller(true, 'Whose session it is. Say it in every call of that session.'),
  OptionalCaller: declaresCaller(false, 'Whose session it is. Without it there is none, and `bearer` is refused.'),
};

function callerParameter(signsIn: NonNullable<Operation['signsIn']>): string {
  return signsIn === 'x-caller-required' ? 'Caller' : 'OptionalCaller';
}

function declaresCaller(required: boolean, description: string): Json {
  return {
    name: 'X-Caller',
    in: 'header',
    required,
    description,
    schema: { type: 'string', enum: ['shopper', 'staff'] },
  };
}

function toParameter(
  name: string,
  place: 'path' | 'query',
  required: boolean,
  { description, ...schema }: Json,
  { components }: JsonSchemas,
): Json {
  const shared = components[String(schema.$ref).replace('#/components/schemas/', '')];
  return { name, in: place, required, description: description ?? shared?.description, schema };
}

/** One response per status. Its variants are distinguished by media type, and then by `code`. */
function toResponses(
  answers: readonly Answer[],
  links: Operation['links'],
  schemas: JsonSchemas,
  examples: Record<string, Json>,
): Json {
  const byStatus = Map.groupBy(answers, ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map(({ description }) => description).join('\n\n'),
        headers: toHeaders(group),
        content: toContent(group, schemas, examples),
        links: status < 300 ? links : undefined,
      },
    ]),
  );
}

/** Write identical error responses once. Without this, a document is four times as long. */
function shareResponses(operations: readonly Json[]): Json {
  const uses = operations.flatMap(({ responses }) =>
    Object.entries(responses as Record<string, Json>).map(([status, response]) => ({
      status,
      text: JSON.stringify(response),
      response,
      replace: (reference: Json) => Object.assign(responses as Json, { [status]: reference }),
    })),
  );
  const alike = Map.groupBy(
    uses.filter(({ status }) => status >= '400'),
    ({ text }) => text,
  );
  const shared: Json = {};
  for (const [use, ...others] of alike.values()) {
    if (!use || others.length === 0) continue;
    const variants = Object.keys(shared).filter((name) => name.startsWith(`Refused${use.status}`)).length;
    const name = `Refused${use.status}${variants === 0 ? '' : `-${variants + 1}`}`;
    shared[name] = use.response;
    for (const { replace } of [use, ...others]) replace({ $ref: `#/components/responses/${name}` });
  }
  return shared;
}

function toHeaders(answers: readonly Answer[]): Json {
  const headers: Json = Object.fromEntries(everywhere.map((name) => [name, headerReference(name)]));
  for (const [name, always] of answers.flatMap(({ headers = {} }) => Object.entries(headers))) {
    headers[name] = always && answers.length === 1 ? { ...answerHeaders[name], required: true } : headerReference(name);
  }
  return headers;
}

/** Only components that are referenced. Headers that are always present are not: they are written with their responses. */
function referred(components: Record<string, Json>, reference: (name: string) => Json, paths: Json): Json {
  const text = JSON.stringify(paths);
  return Object.fromEntries(
    Object.entries(components).filter(([name]) => text.includes(JSON.stringify(reference(name)))),
  );
}

function parameterReference(name: string): Json {
  return { $ref: `#/components/parameters/${name}` };
}

function headerReference(name: string): Json {
  return { $ref: `#/components/headers/${name}` };
}

function toContent(answers: readonly Answer[], schemas: JsonSchemas, examples: Record<string, Json>): Json | undefined {
  const bodies = answers.flatMap((answer) => (answer.content ? [{ ...answer.content, answer }] : []));
  if (bodies.length === 0) return undefined;
  const byMediaType = Map.groupBy(bodies, ({ mediaType }) => mediaType);
  return Object.fromEntries(
    [...byMediaType].map(([mediaType, group]) => {
      const alternatives = group.map(({ schema }) => schemas.of(schema, 'output'));
      const schema = alternatives.length === 1 ? alternatives[0] : { oneOf: alternatives };
      const shown = group.map(({ answer }) => answer);
      return [mediaType, { schema, examples: toExamples(shown, examples) }];
    }),
  );
}

/** Examples of errors are the same everywhere and written once; those of successes are written in place. */
function toExamples(answers: readonly Answer[], shared: Record<string, Json>): Json {
  return Object.fromEntries(
    answers.flatMap(({ status, examples }) =>
      Object.entries(examples).map(([name, value]) => {
        if (status < 400) return [name, { value }];
        shared[name] = { value };
        return [name, { $ref: `#/components/examples/${name}` }];
      }),
    ),
  );
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(orderBy(([name]) => name)));
}
