/** Parameters and responses of operations on a versioned resource (versions.ts). */
import type { z } from 'zod';
import type { Versioned } from '../versions.ts';
import { type Answer, problemAnswer } from './answers.ts';
import type { Json } from './json-schemas.ts';

/** A versioned resource in a successful response. */
export interface VersionedThing {
  /** Must have an `id`: the error that includes the current version is named after it. */
  schema: z.ZodType;
  example: Versioned & Json;
}

/** Request parameters, by name; POST has none of them. */
export const versionParameters = {
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of an earlier read: while it is the current version, the answer is 304 without a body.',
    schema: { type: 'string' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: true,
    description:
      'The `ETag` of the last read, on which this change was decided; several, separated by commas; or `*`, for any version. ' +
      'A weak one (`W/`) matches none.',
    schema: { type: 'string', pattern: String.raw`^(?:\*|(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*)$` },
    example: '"3"',
  },
} as const satisfies Record<string, Json>;

/** The parameter of an operation on a versioned resource. */
export function versionParameter(method: string): keyof typeof versionParameters {
  return method === 'get' ? 'IfNoneMatch' : 'IfMatch';
}

/** The responses of an operation on a versioned resource: its own, and those about the version. */
export function versionedAnswers(method: string, thing: VersionedThing, own: readonly Answer[]): Answer[] {
  if (method !== 'get') return [...own, staleVersion(thing), problemAnswer('precondition-required')];
  const shown = own.map((answer) =>
    answer.status === 200 ? { ...answer, headers: { ...answer.headers, ETag: true } } : answer,
  );
  return [...shown, notModified];
}

const notModified: Answer = {
  status: 304,
  description: 'The version in `If-None-Match` is the current one.',
  examples: {},
  headers: { ETag: true },
};

function staleVersion({ schema, example }: VersionedThing): Answer {
  const name = schema.meta()?.id;
  if (name === undefined) throw new Error('the schema of a versioned thing has no id');
  return problemAnswer('stale-version', {
    members: { current: schema },
    example: { detail: `This is version ${example.version} now.`, members: { current: example } },
    schemaName: `Stale${name}Problem`,
  });
}
