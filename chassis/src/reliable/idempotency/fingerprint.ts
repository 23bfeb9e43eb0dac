/**
 * The content of a keyed write as a hash of 32 bytes, stored with its key and with the resource that it created. Each
 * operation defines what its fingerprint is made of, so that renaming a route, a parameter or a member of a schema, or giving
 * one a default, changes no fingerprint. See docs/adr/0023.
 */
import { hash } from 'node:crypto';

/** One version of the content of an operation's fingerprint. Frozen once a release has written it. */
export type CanonicalForm<Asked> = (asked: Asked) => unknown;

/** How the fingerprint of a keyed write is made. */
export interface Operation<Asked> {
  /** Its `operationId` in the OpenAPI document. */
  id: string;
  /** By version. Requests with the same meaning must be equal in every version. */
  forms: Readonly<Record<number, CanonicalForm<Asked>>>;
  /** The version to write. A new version is written one release after the first release that can read it. */
  writes: number;
}

/** The fingerprint of one request. */
export interface Fingerprint {
  /** The stored form. */
  bytes: Buffer;
  /** Whether a stored fingerprint, of any version, belongs to the same request. */
  matches(stored: Buffer): boolean;
}

const DIGEST_BYTES = 32;

/** The fingerprint of a request for this operation. */
export function fingerprintOf<Asked>(operation: Operation<Asked>, asked: Asked): Fingerprint {
  const bytes = inVersion(operation, operation.writes, asked);
  return {
    bytes,
    matches(stored) {
      const version = versionOf(stored);
      if (version === operation.writes) return stored.equals(bytes);
      // A second hash is needed only for fingerprints of another release. A version that this operation does not have
      // belongs to another operation.
      return version in operation.forms && stored.equals(inVersion(operation, version, asked));
    },
  };
}

/**
 * Version 1 is only the digest, over a form that contains the operation. Later versions start with their number, and their
 * digest also covers the operation's id and the version.
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

/** JSON with the members of every object sorted by name (as in RFC 8785) and absent members omitted. */
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
