import { z } from 'zod';
import {
  GATEWAY_HELP,
  type GatewayRefusal,
  type ProblemCode,
  type ProblemDefinition,
  problems,
} from '../../contract/problems.ts';
import { problemType, toProblem } from '../problem.ts';

/** One thing that an operation can answer; several may share a status. */
export interface Answer {
  status: number;
  /** What it means and what the client does about it. */
  description: string;
  mediaType: 'application/json' | 'application/problem+json';
  schema: z.ZodType;
  /** By name. */
  examples: Record<string, unknown>;
  /** Names of headers.ts; true: they always come. */
  headers?: Record<string, boolean>;
}

/** A success. */
export function success(status: number, description: string, schema: z.ZodType, example: unknown): Answer {
  return { status, description, mediaType: 'application/json', schema, examples: { [String(status)]: example } };
}

/** A time as every answer has it. */
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
      .meta({ description: 'Give it as `cursor` to get the next page. Absent on the last one' }),
  });
}

/** What an operation says of a problem beyond the table of all problems. */
export interface ProblemDetails {
  /** Schemas of the members beside the common ones. */
  members?: z.ZodRawShape;
  /** Where the example of the table is another operation's. */
  example?: Omit<ProblemDefinition['example'], 'instance'>;
  /** Name of the schema where the code's own would mean two things in one document. */
  schemaName?: string;
}

const traceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ description: 'The request’s `X-Kong-Request-Id`' });
/** In every example of a refusal. */
export const EXAMPLE_TRACE_ID = '0b5ba1e3f9d94fb68e1f2d3c4a5b6978';

/** The problem document of a `code` (RFC 9457), with the example that the service's own code makes. */
export function problemAnswer(code: ProblemCode, { members, example, schemaName }: ProblemDetails = {}): Answer {
  const { status, title, meaning, action, stored, header, ...definition }: ProblemDefinition = problems[code];
  const schema = z
    .strictObject({
      // The same document for every deployment, wherever its pages are.
      type: z.string().meta({
        format: 'uri',
        pattern: `/problems/${code}$`,
        description: 'The address of the page about this problem',
      }),
      title: z.string(),
      status: z.literal(status),
      detail: z.string(),
      instance: z.string().meta({ description: 'The path that was called' }),
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
    mediaType: 'application/problem+json',
    schema,
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
      description: 'The address of the page about these refusals',
    }),
    title: z.string().meta({ description: 'The gateway’s words, for people' }),
    help: z.string().meta({ description: 'Where the key goes, and where calls and refusals are explained' }),
    traceId,
  })
  .meta({ id: 'GatewayRefusal', description: 'What the gateway answers itself has no `code`: decide by the status.' });

/** What the gateway's template makes of these words of Kong's. */
export function gatewayExample(title: string) {
  return { type: problemType('gateway'), title, help: GATEWAY_HELP, traceId: EXAMPLE_TRACE_ID };
}

/** A refusal that the gateway makes itself, from its error template (kong/error-template.json). */
export function gatewayAnswer({ status, title, meaning, action, header }: GatewayRefusal): Answer {
  return {
    status,
    description: `The gateway: ${meaning} ${action}`,
    mediaType: 'application/json',
    schema: gatewayRefusal,
    examples: {
      [`gateway-${status}`]: gatewayExample(title),
    },
    headers: header && { [header]: true },
  };
}
