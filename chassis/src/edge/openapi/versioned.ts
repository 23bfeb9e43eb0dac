/** What the document says of a versioned thing (versions.ts): the version that a read shows, and the one that a write names. */
import type { z } from 'zod';
import type { Versioned } from '../versions.ts';
import { type Answer, problemAnswer } from './answers.ts';
import type { Json } from './json-schemas.ts';

/** A thing with versions, as a success shows it. */
export interface VersionedThing {
  /** With an `id`: the refusal that shows the current version is named after it. */
  schema: z.ZodType;
  example: Versioned & Json;
}

/** Parameters of requests, by name; POST takes none of them. */
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

/** The parameter that an operation on a versioned thing takes. */
export function versionParameter(method: string): keyof typeof versionParameters {
  return method === 'get' ? 'IfNoneMatch' : 'IfMatch';
}

/** The answers of an operation on a versioned thing: its own, and those of the version. */
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
