import { hash } from 'node:crypto';

export interface FingerprintedRequest {
  method: string;
  /** The route's template, not the path: a parameter cannot imitate another route. */
  route: string;
  parameters: Record<string, string>;
  /** The validated body in a canonical form: what means the same must be equal here. */
  body: unknown;
}

/**
 * SHA-256 over what a request asks for. Spaces, the order of members, parameters of `Content-Type` and whatever else
 * does not change the meaning do not change it.
 */
export function fingerprint(request: FingerprintedRequest): Buffer {
  const canonical = canonicalJson([request.method, request.route, request.parameters, request.body]);
  return hash('sha256', canonical, 'buffer');
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
