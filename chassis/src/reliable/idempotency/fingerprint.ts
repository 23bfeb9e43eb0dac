/**
 * What a keyed write asks for, as 32 bytes that are kept with its key, and with what it made. Each
 * operation says by itself what its fingerprint is made of: renaming a route, a parameter or a member of a schema, or
 * giving one a default, changes no fingerprint. See docs/adr/0023.
 */
import { hash } from 'node:crypto';

/** One version of what an operation's fingerprint is made of. Frozen once a release has written it. */
export type CanonicalForm<Asked> = (asked: Asked) => unknown;

/** A keyed write as its fingerprint sees it. */
export interface Operation<Asked> {
  /** Its `operationId` in the OpenAPI document. */
  id: string;
  /** By version. What means the same must be equal in each of them. */
  forms: Readonly<Record<number, CanonicalForm<Asked>>>;
  /** The version that is written. A new one is written one release after the one that can read it. */
  writes: number;
}

/** The fingerprint of one request. */
export interface Fingerprint {
  /** As it is stored. */
  bytes: Buffer;
  /** Whether a stored one, of whichever version, is of the same request. */
  matches(stored: Buffer): boolean;
}

const DIGEST_BYTES = 32;

/** The fingerprint of a request for this operation, in the version that is written. */
export function fingerprintOf<Asked>(operation: Operation<Asked>, asked: Asked): Fingerprint {
  const bytes = inVersion(operation, operation.writes, asked);
  return {
    bytes,
    matches(stored) {
      const version = versionOf(stored);
      if (version === operation.writes) return stored.equals(bytes);
      // Hashed a second time only for what another release has written. A version that this operation does not have
      // is another operation's.
      return version in operation.forms && stored.equals(inVersion(operation, version, asked));
    },
  };
}

/**
 * Version 1 has only its digest, over a form that names the operation by itself; later versions are preceded by their
 * number, and their digest covers id and version too.
 */
function inVersion<Asked>(operation: Operation<Asked>, version: number, asked: Asked): Buffer {
  const content = operation.forms[version]?.(asked);
  if (version === 1) return digestOf(content);
  return Buffer.concat([Buffer.of(version), digestOf([operation.id, version, content])]);
}

function versionOf(stored: Buffer): number {
  return stored.length === DIGEST_BYTES ? 1 : (stored[0] ?? 0);
}

function digestOf(value: unknown): Buffer {
  return hash('sha256', canonicalJson(value), 'buffer');
}

/** JSON with the members of every object sorted by name (after RFC 8785) and absent members left out. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Record<string, unknown>;
  const names = Object.keys(members).filter((name) => members[name] !== undefined);
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`)
    .join(',')}}`;
}
