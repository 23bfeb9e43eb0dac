import type { Request } from 'express';
import { refused } from '../contract/problems.ts';
import { headerValues } from './context.ts';

export type KeyReading = { kind: 'key'; key: string } | { kind: 'missing' } | { kind: 'malformed' };

/**
 * Parse an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): an RFC 8941 string or, for clients without structured
 * fields, the bare key. The quoted and the bare form are the same key.
 */
export function readIdempotencyKey(values: readonly string[]): KeyReading {
  if (values.length > 1) return { kind: 'malformed' };
  const value = values[0] ?? '';
  if (value === '' || value === '""') return { kind: 'missing' };
  const key = value.startsWith('"') ? unquote(value) : value;
  const grammar = value.startsWith('"') ? /^[\x20-\x7e]{1,255}$/ : /^[\x21-\x7e]{1,255}$/;
  return key !== undefined && grammar.test(key) ? { kind: 'key', key } : { kind: 'malformed' };
}

/** RFC 8941, 3.3.3: inside the quotes, a backslash may only escape a quote or a backslash. */
function unquote(value: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1];
  return inner?.replace(/\\(["\\])/g, '$1');
}

/** The key of a request; 400 with a link to the documentation if it is missing or malformed. */
export function requireIdempotencyKey(req: Request): string {
  const reading = readIdempotencyKey(headerValues(req, 'idempotency-key'));
  if (reading.kind === 'key') return reading.key;
  const detail =
    reading.kind === 'missing'
      ? 'Send an Idempotency-Key header: a new key for a new request, the same key for a retry.'
      : 'Send one Idempotency-Key of 1 to 255 visible ASCII characters, bare or in double quotes.';
  throw refused(`idempotency-key-${reading.kind}`, detail);
}
