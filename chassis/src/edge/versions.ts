/**
 * Versioned resources (RFC 9110, 8.8.3 and 13). Every read returns the version as `ETag`, and a write sends the version that it
 * is based on in `If-Match`. This prevents lost updates, and a write that a gateway sends twice has no second effect.
 *
 * The header is parsed with the rest of the request, and checked once the resource is known: 428 and 412 come after validation,
 * fingerprint and 404, and before business rules.
 */
import type { Request, Response } from 'express';
import { refused } from '../contract/problems.ts';
import { toReply } from '../reliable/refusal.ts';
import { validationFailed } from './body.ts';
import { headerValues } from './context.ts';
import { sendReply } from './problem.ts';

/** A versioned resource in HTTP responses. */
export interface Versioned {
  readonly version: number;
}

/** Which versions a write accepts. */
export type IfMatch =
  | { readonly kind: 'missing' }
  /** `*`: any version, as long as the resource exists. */
  | { readonly kind: 'any' }
  | { readonly kind: 'tags'; readonly etags: readonly string[] };

/** The strong entity tag of a version. */
export function etagOf({ version }: Versioned): string {
  return `"${version}"`;
}

/** Send a versioned resource, or 304 to a client that has this version (`If-None-Match`). */
export function sendVersioned(req: Request, res: Response, view: Versioned): void {
  res.set('ETag', etagOf(view));
  if (req.fresh) res.status(304).end();
  else sendReply(res, toReply(200, view));
}

/** The `If-Match` of a write; 400 if it is malformed. */
export function readIfMatch(req: Pick<Request, 'rawHeaders'>): IfMatch {
  // Several header lines form one list (RFC 9110, 5.3).
  const list = headerValues(req, 'if-match').join(',').trim();
  if (list === '*') return { kind: 'any' };
  const etags = strongTags(list);
  if (etags === undefined) {
    const detail = 'Must be the ETag of the last read, in quotes; or a comma-separated list of ETags; or *.';
    throw validationFailed([{ pointer: '/If-Match', detail }]);
  }
  return /[^\s,]/.test(list) ? { kind: 'tags', etags } : { kind: 'missing' };
}

// An element with the comma after it. An element may be empty, and a comma may be inside the quotes.
const ELEMENT = /[ \t]*(?:(?<weak>W\/)?(?<tag>"[!#-~\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/**
 * The strong entity tags of a list, because weak ones never match in If-Match (13.1.1); undefined if the list is malformed.
 */
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
 * Reject a write without `If-Match` (428), or without the current version in it (412, which includes the current resource). If
 * the resource already has the desired state, as after a lost response, the write is not rejected.
 */
export function requireMatch(ifMatch: IfMatch, current: Versioned, isAlreadyApplied = false): void {
  switch (ifMatch.kind) {
    case 'missing':
      throw refused('precondition-required', 'Send If-Match with the ETag of the last read.');
    case 'any':
      return;
    case 'tags':
      if (isAlreadyApplied || ifMatch.etags.includes(etagOf(current))) return;
      throw refused('stale-version', `The current version is ${current.version}.`, { current });
  }
}
