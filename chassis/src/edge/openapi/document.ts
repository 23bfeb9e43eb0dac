import type { z } from 'zod';
import { KEPT_FOR_EVER } from '../../contract/descriptions.ts';
import type { Answer } from './answers.ts';
import { edgeAnswers } from './edge-answers.ts';
import { answerHeaders, everywhere } from './headers.ts';
import { createJsonSchemas, type Json, type JsonSchemas } from './json-schemas.ts';

export type Group = 'storefront' | 'backoffice' | 'operations';

/** One call of a service, as a client sees it through the gateway. */
export interface Operation {
  method: 'get' | 'post' | 'patch';
  /** With `{name}` for each path parameter. */
  path: string;
  operationId: string;
  summary: string;
  /** What it does, beyond the summary; what to do about each answer stands at the answers. */
  description: string;
  tag: string;
  /** Whose keys may call it; none: it needs no key. */
  groups: readonly Group[];
  /** What the gateway calls it, in its metrics too: it stays when the path changes. Methods of a path may share one. */
  route: string;
  /** How often one client may call it, where that is less than what the gateway allows over all operations. */
  requestsPerMinute?: number;
  parameters?: Record<string, z.ZodType>;
  query?: z.ZodObject;
  body?: { schema: z.ZodType; example: unknown; optional?: boolean };
  /** Works without the service's database, and waits in no line. */
  withoutDatabase?: boolean;
  /** What it answers beside what every operation may. */
  answers: readonly Answer[];
  /** What its success leads to, by name. */
  links?: Record<string, Link>;
}

/** An operation, and what it takes from the answer (OpenAPI 3.1, Runtime Expressions). */
export interface Link {
  operationId: string;
  parameters?: Record<string, string>;
  requestBody?: unknown;
}

/** The name at the gateway of what stands at a path without parameters. */
export function routeOf(path: string): string {
  return path.slice(1).replaceAll('/', '-');
}

/** The next page of a list is the same operation with the cursor that came with this one. */
export function nextPage(operationId: string): Record<string, Link> {
  return { nextPage: { operationId, parameters: { cursor: '$response.body#/nextCursor' } } };
}

/** Operations on what an answer's body shows: the path parameter `name` is found at `pointer`. */
export function linksTo(operationIds: readonly string[], name: string, pointer: string): Record<string, Link> {
  const parameters = { [name]: `$response.body#${pointer}` };
  return Object.fromEntries(operationIds.map((operationId) => [operationId, { operationId, parameters }]));
}

export interface DocumentedService {
  title: string;
  /** What the service answers for, in a few words; the gateway's page shows it. */
  summary: string;
  description: string;
  tags: Record<string, string>;
  operations: readonly Operation[];
}

/** Settings of a service that its document tells of. */
export interface Published {
  version: string;
  keyRetentionHours: number;
}

/** What a client has to know about every call. */
export const callingAdvice = `All calls go through the gateway, with an API key in the header \`apikey\`. HEAD works wherever GET does. Bodies are \`application/json\` in UTF-8, at most 1 MiB; members that are not described are refused. Money is in integer minor units.

Every POST and PATCH needs an \`Idempotency-Key\`. What a client does about an answer:

| Answer | Do |
| --- | --- |
| none, 500, 502, 503, 504 | repeat with the same key, after \`Retry-After\` if there is one, with growing pauses |
| 202 | it is safe; repeat with the same key later to learn the outcome |
| 409 \`request-in-progress\`, 429 | repeat with the same key after \`Retry-After\` |
| any other 4xx | do not repeat it as it is: mend the request, or accept the refusal |

Errors of the services are \`application/problem+json\` (RFC 9457): decide by \`code\`. The gateway’s own have no \`code\`, and are \`application/json\` unless \`Accept\` prefers HTML, XML or plain text: decide by the status.`;

/** The OpenAPI 3.1 document of a service. */
export function toDocument(service: DocumentedService, { version, keyRetentionHours }: Published): Json {
  const schemas = createJsonSchemas();
  const examples: Record<string, Json> = {};
  const paths: Record<string, Json> = {};
  for (const operation of service.operations) {
    paths[operation.path] ??= {};
    Object.assign(paths[operation.path] as Json, { [operation.method]: toOperation(operation, schemas, examples) });
  }
  const headers = referred(answerHeaders, paths);
  // Takes the responses that it shares out of their operations.
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
      parameters: { IdempotencyKey: idempotencyKey(keyRetentionHours) },
      headers,
      schemas: sorted(schemas.components),
      examples: sorted(examples),
      responses,
      securitySchemes: {
        apikey: { type: 'apiKey', in: 'header', name: 'apikey', description: 'The consumer’s key. Its groups decide.' },
      },
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
      'Names this request: a new key for each thing to be done, the same one for each repeat. Bare or as a string of RFC 8941; ' +
      'both forms of a key are one key. A repeat has no second effect and gets the first final answer again, with ' +
      `\`Idempotent-Replayed: true\`. Kept for ${keyRetentionHours} hours; ${KEPT_FOR_EVER}`,
    schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
    example: '0195f0a0-6a3e-7b52-9d2e-3f4a5b6c7d8e',
    'x-retention-hours': keyRetentionHours,
  };
}

function toOperation(operation: Operation, schemas: JsonSchemas, examples: Record<string, Json>): Json {
  const { method, groups, parameters = {}, query, body, answers, links } = operation;
  const write = method !== 'get';
  const common = edgeAnswers({
    ...operation,
    keyed: groups.length > 0,
    write,
    pathParameters: Object.keys(parameters).length > 0,
    query: query !== undefined,
  });
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    tags: [operation.tag],
    // Roles, any one of which will do (OpenAPI 3.1, Security Requirement Object).
    security: groups.map((group) => ({ apikey: [group] })),
    // What kong/kong.yml is made from, besides the path and the method.
    'x-gateway-route': operation.route,
    'x-callers': groups.length > 0 ? groups : ['anyone'],
    'x-requests-per-minute': operation.requestsPerMinute,
    parameters: [
      ...Object.entries(parameters).map(([name, schema]) =>
        toParameter(name, 'path', true, schemas.of(schema, 'input'), schemas),
      ),
      ...Object.entries(query?.shape ?? {}).map(([name, schema]) =>
        toParameter(name, 'query', false, schemas.of(schema as z.ZodType, 'input'), schemas),
      ),
      ...(write ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ],
    requestBody: body && {
      required: !body.optional,
      content: { 'application/json': { schema: schemas.of(body.schema, 'input'), example: body.example } },
    },
    responses: toResponses([...answers, ...common], links, schemas, examples),
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

/** Per status one response: what can come under it is told apart by media type, and then by `code`. */
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

/** Refusals that several operations give alike stand once. Without this, a document is four times as long. */
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

/** Without those that always come, which stand with their answers. */
function referred(headers: Record<string, Json>, paths: Json): Json {
  const text = JSON.stringify(paths);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => text.includes(JSON.stringify(headerReference(name)))),
  );
}

function headerReference(name: string): Json {
  return { $ref: `#/components/headers/${name}` };
}

function toContent(answers: readonly Answer[], schemas: JsonSchemas, examples: Record<string, Json>): Json {
  const byMediaType = Map.groupBy(answers, ({ mediaType }) => mediaType);
  return Object.fromEntries(
    [...byMediaType].map(([mediaType, group]) => {
      const alternatives = group.map(({ schema }) => schemas.of(schema, 'output'));
      const schema = alternatives.length === 1 ? alternatives[0] : { oneOf: alternatives };
      return [mediaType, { schema, examples: toExamples(group, examples) }];
    }),
  );
}

/** Examples of refusals are the same everywhere and stand once; those of successes stand where they belong. */
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
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
