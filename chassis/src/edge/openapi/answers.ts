import { z } from 'zod';
import {
  GATEWAY_HELP,
  type GatewayRefusal,
  type ProblemCode,
  type ProblemDefinition,
  problems,
} from '../../contract/problems.ts';
import { problemType, toProblem } from '../problem.ts';

/** One possible response of an operation; several may share a status. */
export interface Answer {
  status: number;
  /** What it means and what the client should do. */
  description: string;
  /** Of the body; an answer without one has neither. */
  content?: { mediaType: 'application/json' | 'application/problem+json' | 'text/event-stream'; schema: z.ZodType };
  /** By name. */
  examples: Record<string, unknown>;
  /** Names from headers.ts; `true` if the header is always present. */
  headers?: Record<string, boolean>;
}

/** A success. */
export function success(status: number, description: string, schema: z.ZodType, example: unknown): Answer {
  return { status, description, content: inJson(schema), examples: { [String(status)]: example } };
}

function inJson(schema: z.ZodType): Answer['content'] {
  return { mediaType: 'application/json', schema };
}

/** A time, as all responses format it. */
export const time = z.string().meta({
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'ISO 8601, UTC, with milliseconds',
});

/** A page of a list. */
export function pageOf(items: z.ZodType) {
  return z.strictObject({
    items: z.array(items),
    nextCursor: z
      .string()
      .optional()
      .meta({ description: 'Pass it as `cursor` to get the next page. Absent on the last page' }),
  });
}

/** What differs for one operation from the table of all problems. */
export interface ProblemDetails {
  /** Schemas of the additional members. */
  members?: z.ZodRawShape;
  /** Used when the table's example belongs to another operation. */
  example?: Omit<ProblemDefinition['example'], 'instance'>;
  /** Name of the schema, when the name made from the code is already taken in the document. */
  schemaName?: string;
}

const traceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ description: 'The request’s `X-Kong-Request-Id`' });
/** `traceId` of all examples. */
export const EXAMPLE_TRACE_ID = '0b5ba1e3f9d94fb68e1f2d3c4a5b6978';

/** The problem document of a `code` (RFC 9457), with an example made by the code that the services run. */
export function problemAnswer(code: ProblemCode, { members, example, schemaName }: ProblemDetails = {}): Answer {
  const { status, title, meaning, action, stored, header, ...definition }: ProblemDefinition = problems[code];
  const schema = z
    .strictObject({
      // A pattern, because the base URL depends on the deployment and this document must not.
      type: z.string().meta({
        format: 'uri',
        pattern: `/problems/${code}$`,
        description: 'URL of the page that documents this problem',
      }),
      title: z.string(),
      status: z.literal(status),
      detail: z.string(),
      instance: z.string().meta({ description: 'Path of the request' }),
      code: z.literal(code),
      traceId,
      ...members,
    })
    .meta({ id: schemaName ?? schemaNameOf(code), description: title });
  const { body } = toProblem(
    { code, ...(example ?? definition.example) },
    { instance: '/', traceId: EXAMPLE_TRACE_ID },
  );
  return {
    status,
    description: `\`${code}\`: ${meaning} ${action}`,
    content: { mediaType: 'application/problem+json', schema },
    examples: { [schemaName ?? code]: JSON.parse(body) },
    headers: { ...(stored && { 'Idempotent-Replayed': false }), ...(header && { [header]: false }) },
  };
}

function schemaNameOf(code: string): string {
  return `${code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Problem`;
}

const gatewayRefusal = z
  .strictObject({
    type: z.string().meta({
      format: 'uri',
      pattern: '/problems/gateway$',
      description: 'URL of the page that documents the errors of the gateway',
    }),
    title: z.string().meta({ description: 'Message of the gateway, for people' }),
    help: z.string().meta({ description: 'Where to send the API key, and where to find the documentation' }),
    traceId,
  })
  .meta({
    id: 'GatewayRefusal',
    description: 'An error of the gateway itself. It has no `code`: decide by the status.',
  });

/** The error template filled with this message of Kong's. */
export function gatewayExample(title: string) {
  return { type: problemType('gateway'), title, help: GATEWAY_HELP, traceId: EXAMPLE_TRACE_ID };
}

/** An error of the gateway itself, from its template (kong/error-template.json). */
export function gatewayAnswer({ status, title, meaning, action, header }: GatewayRefusal): Answer {
  return {
    status,
    description: `From the gateway: ${meaning} ${action}`,
    content: inJson(gatewayRefusal),
    examples: {
      [`gateway-${status}`]: gatewayExample(title),
    },
    headers: header && { [header]: true },
  };
}
