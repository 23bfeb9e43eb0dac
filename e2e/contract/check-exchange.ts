/**
 * Checks a request and its response against the OpenAPI documents:
 *
 *   - the status, media type, body and headers of the response are described for the operation;
 *   - an invalid request is refused, with a status for the error;
 *   - an operation that no document describes gets 404 from the gateway.
 *
 * A valid request may still be refused, with a described response: some rules cannot be expressed in JSON Schema (a sum
 * over lines, the origin of a cursor), so they are in descriptions.
 */
import { type DescribedOperation, faultIn, findOperation, type Response } from './documents.ts';

export interface Exchange {
  method: string;
  /** Including the query. */
  path: string;
  headers: Headers;
  /** The text that was sent. */
  body: string | undefined;
  answer: { status: number; headers: Headers; text: string };
}

/** Throws if a request or its response does not conform to the documents. */
export function checkExchange(exchange: Exchange): void {
  const faults = faultsOf(exchange);
  if (faults.length === 0) return;
  const { method, path, body, answer } = exchange;
  throw new Error(
    `${method} ${path} does not conform to its document:\n${faults.map((fault) => `  ${fault}`).join('\n')}\n` +
      `  sent: ${body?.slice(0, 500)}\n  got: ${answer.status} ${answer.text.slice(0, 1_000)}`,
  );
}

function faultsOf(exchange: Exchange): string[] {
  const url = new URL(exchange.path, 'http://gateway');
  const found = findOperation(exchange.method, url.pathname);
  const { status } = exchange.answer;
  if (!found)
    return status === 404 || status === 405 ? [] : ['no document has this operation, and the status is not 404'];
  const { operation, values } = found;
  return [...requestFaults(exchange, operation, values, url.searchParams), ...answerFaults(exchange, operation)];
}

/** An error in a request, and the statuses for it. */
interface Wrong {
  what: string;
  statuses: number[];
}

// Statuses that are independent of the request, or decided before it is validated.
const WHATEVER_IS_WRONG = [401, 403, 413, 414, 429, 500, 502, 503, 504];

function requestFaults(
  { headers, body, answer }: Exchange,
  operation: DescribedOperation,
  values: readonly string[],
  query: URLSearchParams,
): string[] {
  const wrong = [
    ...wrongKey(operation, headers),
    ...wrongParameters(operation, values, query, headers),
    ...wrongBody(operation, headers, body),
  ];
  if (wrong.length === 0) return [];
  const fitting = [...wrong.flatMap(({ statuses }) => statuses), ...WHATEVER_IS_WRONG];
  if (fitting.includes(answer.status)) return [];
  return [`${answer.status}, although ${wrong.map(({ what }) => what).join(', and ')}`];
}

function wrongKey({ security }: DescribedOperation, headers: Headers): Wrong[] {
  const isIdentified = headers.has('apikey') || headers.has('x-caller');
  return security.length > 0 && !isIdentified ? [{ what: 'there is no apikey', statuses: [401] }] : [];
}

function wrongParameters(
  { document, parameters, template }: DescribedOperation,
  values: readonly string[],
  query: URLSearchParams,
  headers: Headers,
): Wrong[] {
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const undescribed = [...query.keys()].filter(
    (name) => !parameters.some((parameter) => parameter.in === 'query' && parameter.name === name),
  );
  // Only operations with query parameters read the query.
  const hasQuery = parameters.some((parameter) => parameter.in === 'query');
  return [
    ...(hasQuery ? undescribed.map((name) => ({ what: `there is no parameter ${name}`, statuses: [400] })) : []),
    ...parameters.flatMap((parameter): Wrong[] => {
      const { name, required, schema } = parameter;
      const value =
        parameter.in === 'path'
          ? values[names.indexOf(name)]
          : parameter.in === 'query'
            ? query.get(name)
            : headers.get(name);
      const statuses = [parameter.in === 'path' ? 404 : 400];
      if (value === null || value === undefined) return required ? [{ what: `${name} is missing`, statuses }] : [];
      const fault = faultIn(document, schema, value, 'text');
      return fault ? [{ what: `${name} ${fault}`, statuses }] : [];
    }),
  ];
}

function wrongBody({ document, requestBody }: DescribedOperation, headers: Headers, body: string | undefined): Wrong[] {
  if (!requestBody) return [];
  if (!body) return requestBody.required ? [{ what: 'there is no body', statuses: [400] }] : [];
  const content = requestBody.content[mediaTypeOf(headers)];
  if (!content) return [{ what: `the body is ${mediaTypeOf(headers)}`, statuses: [415] }];
  const value = parsed(body);
  const fault = value === undefined ? 'is not JSON' : faultIn(document, content.schema, value);
  return fault ? [{ what: `the body ${fault}`, statuses: [400] }] : [];
}

// Headers that any HTTP response may have.
const TRANSPORT = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding']);

function answerFaults({ method, answer }: Exchange, { document, responses }: DescribedOperation): string[] {
  const response = responses[String(answer.status)];
  if (!response) return [`status ${answer.status} is not described`];
  return [...headerFaults(document, response, answer.headers), ...bodyFaults(document, response, answer, method)];
}

function headerFaults(document: string, { headers: described }: Response, headers: Headers): string[] {
  const known = new Map(Object.entries(described).map(([name, header]) => [name.toLowerCase(), header]));
  const missing = [...known].filter(([name, { required }]) => required && !headers.has(name));
  return [
    ...missing.map(([name]) => `header ${name} is missing`),
    ...[...headers].flatMap(([name, value]) => {
      const header = known.get(name);
      if (!header) return TRANSPORT.has(name) ? [] : [`header ${name} is not described`];
      const fault = faultIn(document, header.schema, value, 'text');
      return fault ? [`header ${name}: ${value} ${fault}`] : [];
    }),
  ];
}

function bodyFaults(document: string, response: Response, answer: Exchange['answer'], method: string): string[] {
  if (method === 'HEAD') return answer.text === '' ? [] : ['the response to HEAD has a body'];
  if (!response.content) return answer.text === '' ? [] : [`the response has a body, and ${answer.status} has none`];
  const mediaType = mediaTypeOf(answer.headers);
  const content = response.content[mediaType];
  if (!content) return [`media type ${mediaType} is not described for ${answer.status}`];
  const value = mediaType.endsWith('json') ? parsed(answer.text) : answer.text;
  const fault = value === undefined ? 'is not JSON' : faultIn(document, content.schema, value);
  return fault ? [`the answer ${fault}`] : [];
}

function mediaTypeOf(headers: Headers): string {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'of no type';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
