import { isUtf8 } from 'node:buffer';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { type HeaderList, valuesOf } from './headers.ts';

/** A path of kong.yml as segments: a literal, or undefined for `[^/]+`. */
export interface RouteMatcher {
  segments: (string | undefined)[];
  regex: RegExp;
}

/**
 * Accepted regexes consist of whole literal segments and `[^/]+`: they have the same meaning in JavaScript and in Rust, which
 * Kong's router uses, and it can be decided whether two of them overlap.
 */
const SEGMENT = String.raw`(?:(?:[\w~-]|\\\.)+|\[\^/\]\+)`;
const PATH = new RegExp(String.raw`^~/(?:${SEGMENT}(?:/${SEGMENT})*)?\$$`);

/** Parses a path of kong.yml; undefined if it is not accepted. */
export function parsePath(text: string): RouteMatcher | undefined {
  if (!PATH.test(text)) return undefined;
  const regex = text.slice(1);
  const segments = splitOutsideClass(regex.slice(1, -1)).map((s) =>
    s === '[^/]+' ? undefined : s.replaceAll('\\.', '.'),
  );
  return { segments, regex: new RegExp(`^${regex}`) };
}

function splitOutsideClass(path: string): string[] {
  return path
    .replaceAll('[^/]+', '*')
    .split('/')
    .map((segment) => (segment === '*' ? '[^/]+' : segment));
}

/** Whether there is a path that matches both. */
export function overlaps(a: RouteMatcher, b: RouteMatcher): boolean {
  return (
    a.segments.length === b.segments.length &&
    a.segments.every((left, index) => {
      const right = b.segments[index];
      return left === undefined || right === undefined || left === right;
    })
  );
}

/** A header condition of a route: one of the header's lines must equal one of the values, or match the regex. */
export interface HeaderMatcher {
  name: string;
  matches: (value: string) => boolean;
}

/** Syntax with the same meaning in JavaScript and Rust, in lower case, because Kong converts the regex and the value. */
const HEADER_REGEX = /^[a-z0-9 /.,;=*+()|^$-]+$/;

/** Parses a header of kong.yml; undefined if it is not accepted. A value that begins with ~* is a regex. */
export function parseHeader(name: string, values: string[]): HeaderMatcher | undefined {
  const regexes = values.flatMap((value) => (value.startsWith('~*') ? [value.slice(2)] : []));
  if (!regexes.every((regex) => HEADER_REGEX.test(regex))) return undefined;
  const compiled = regexes.map((regex) => new RegExp(regex));
  const wanted = new Set(values.filter((value) => !value.startsWith('~*')).map((value) => value.toLowerCase()));
  const matches = (lower: string) => wanted.has(lower) || compiled.some((regex) => regex.test(lower));
  return { name: name.toLowerCase(), matches: (value) => matches(value.toLowerCase()) };
}

export interface Routable {
  methods: string[];
  paths: RouteMatcher[];
  headers: HeaderMatcher[];
  regexPriority: number;
}

const byRank = orderBy<Pick<Routable, 'headers' | 'regexPriority'>>(
  ({ headers }) => -headers.length,
  ({ regexPriority }) => -regexPriority,
);

/** Kong's order of routes that all have methods and paths: by the number of header conditions, then by priority. */
export function compareRank(a: Pick<Routable, 'headers' | 'regexPriority'>, b: typeof a): number {
  return byRank(a, b);
}

/** Finds the route for a method and a normalised path. The method is part of the match: another method is 404, never 405. */
export function createRouter<R extends Routable>(
  routes: R[],
): (method: string, path: string, headers?: HeaderList) => R | undefined {
  const byMethod = new Map<string, { regex: RegExp; route: R }[]>();
  for (const route of [...routes].sort(compareRank)) {
    for (const method of route.methods) {
      const entries = route.paths.map(({ regex }) => ({ regex, route }));
      byMethod.set(method, [...(byMethod.get(method) ?? []), ...entries]);
    }
  }
  return (method, path, headers = []) =>
    byMethod
      .get(method)
      ?.find(
        ({ regex, route }) =>
          regex.test(path) && route.headers.every(({ name, matches }) => valuesOf(headers, name).some(matches)),
      )?.route;
}

export type ReadPath =
  /** `normal` is matched by routes; `forwarded` is the same, escaped; `query` includes the question mark. */
  | { kind: 'path'; raw: string; normal: string; forwarded: string; query: string }
  /** Refused by nginx before Kong. */
  | { kind: 'bad-request' }
  /** Kong's router accepts only UTF-8. */
  | { kind: 'no-route' };

const PLAIN = /^(?:\/[\w~-][\w.~-]*)+$|^\/$/;

/** Parses a request target like nginx and Kong: decodes percent triplets unless reserved, resolves dots, merges slashes. */
export function readPath(target: string): ReadPath {
  const origin = target.startsWith('/') ? target : withoutAuthority(target);
  // A request target must not have a fragment. Kong would forward it.
  if (origin === undefined || origin.includes('#')) return { kind: 'bad-request' };
  const mark = origin.indexOf('?');
  const raw = mark === -1 ? origin : origin.slice(0, mark);
  const query = mark === -1 ? '' : origin.slice(mark);
  if (PLAIN.test(raw)) return { kind: 'path', raw, normal: raw, forwarded: raw, query };
  if (!acceptedByNginx(raw)) return { kind: 'bad-request' };
  const normal = normalizePath(raw);
  if (!isUtf8(Buffer.from(normal, 'latin1'))) return { kind: 'no-route' };
  return { kind: 'path', raw, normal, forwarded: escapePath(normal), query };
}

function withoutAuthority(target: string): string | undefined {
  const match = /^https?:\/\/[^/?#]+(.*)$/is.exec(target);
  if (!match) return undefined;
  const rest = match[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function acceptedByNginx(raw: string): boolean {
  if (/%(?![0-9a-f]{2})|%00/i.test(raw)) return false;
  const decoded = raw.replace(/%[0-9a-f]{2}/gi, (triplet) =>
    String.fromCharCode(Number.parseInt(triplet.slice(1), 16)),
  );
  let depth = 0;
  for (const segment of decoded.split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

const RESERVED = new Set("!*'();:@&=+$,/?%#[]");

/** Kong's `normalize(uri, true)`. One character is one byte. */
export function normalizePath(raw: string): string {
  const decoded = raw.replace(/%([0-9a-f]{2})/gi, (triplet, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return RESERVED.has(char) ? triplet.toUpperCase() : char;
  });
  const output: string[] = [];
  const segments = decoded.split('/').slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '..') output.pop();
    else if (segment !== '.' && segment !== '') output.push(`/${segment}`);
    // A path that ends in a slash or a dot segment keeps its slash: `/orders/` is not `/orders`.
    if (last && (segment === '' || segment === '.' || segment === '..')) output.push('/');
  });
  return output.join('');
}

/** Kong's `escape`: characters that are neither reserved nor unreserved become percent triplets. */
export function escapePath(normal: string): string {
  return normal.replace(/[^!#$&'()*+,/:;=?@[\]A-Z\d\-_.~%]/gi, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
