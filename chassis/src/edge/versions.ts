/**
 * Versioned things (RFC 9110, 8.8.3 and 13). Every read of one carries its version as `ETag`, and a write names in `If-Match`
 * the version that it was decided on: so no write is lost under another one, and a write that a gateway sends a second time
 * changes nothing.
 *
 * The header is read with the rest of the request, and judged once the thing is known: 428 and 412 come after validation,
 * fingerprint and 404, and before business rules.
 */
import type { Request, Response } from 'express';
import { refused } from '../contract/problems.ts';
import { toReply } from '../reliable/refusal.ts';
import { validationFailed } from './body.ts';
import { headerValues } from './context.ts';
import { sendReply } from './problem.ts';

/** What a client is shown of a versioned thing. */
export interface Versioned {
  readonly version: number;
}

/** Which versions a write accepts. */
export type IfMatch =
  | { readonly kind: 'missing' }
  /** `*`: any, as long as the thing exists. */
  | { readonly kind: 'any' }
  | { readonly kind: 'tags'; readonly etags: readonly string[] };

/** The entity tag of a version: a strong one. */
export function etagOf({ version }: Versioned): string {
  return `"${version}"`;
}

/** Send a versioned thing; to a client that has this version (`If-None-Match`) 304, without it. */
export function sendVersioned(req: Request, res: Response, view: Versioned): void {
  res.set('ETag', etagOf(view));
  if (req.fresh) res.status(304).end();
  else sendReply(res, toReply(200, view));
}

/** The `If-Match` of a write; 400 when it is malformed. */
export function readIfMatch(req: Pick<Request, 'rawHeaders'>): IfMatch {
  // Several lines of a list are one list (RFC 9110, 5.3).
  const list = headerValues(req, 'if-match').join(',').trim();
  if (list === '*') return { kind: 'any' };
  const etags = strongTags(list);
  if (etags === undefined) {
    const detail = 'Must be the ETag of the last read, with its quotes; or several, separated by commas; or *.';
    throw validationFailed([{ pointer: '/If-Match', detail }]);
  }
  return /[^\s,]/.test(list) ? { kind: 'tags', etags } : { kind: 'missing' };
}

// An element and the comma behind it. An element may be empty, and a comma may stand inside the quotes.
const ELEMENT = /[ \t]*(?:(?<weak>W\/)?(?<tag>"[!#-~\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** The strong ones of a list of entity tags, for a weak one never matches here (13.1.1); undefined when it is malformed. */
function strongTags(list: string): string[] | undefined {
  const tags: string[] = [];
  for (let at = 0; at < list.length; at = ELEMENT.lastIndex) {
    ELEMENT.lastIndex = at;
    const element = ELEMENT.exec(list);
    if (!element) return undefined;
    const { weak, tag } = element.groups ?? {};
    if (tag !== undefined && weak === undefined) tags.push(tag);
  }
  return tags;
}

/**
 * Refuse a write without `If-Match` (428), or with one that names no version which is `current` (412, which shows it). What a
 * stale write wishes may be true already, as after its own lost answer: then it has had its effect, and is not refused.
 */
export function requireMatch(ifMatch: IfMatch, current: Versioned, isAsWished = false): void {
  switch (ifMatch.kind) {
    case 'missing':
      throw refused('precondition-required', 'Send If-Match with the ETag of the last read.');
    case 'any':
      return;
    case 'tags':
      if (isAsWished || ifMatch.etags.includes(etagOf(current))) return;
      throw refused('stale-version', `The current version is ${current.version}.`, { current });
  }
}
