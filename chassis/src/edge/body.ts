import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { refused } from '../contract/problems.ts';
import type { RefusedError } from '../reliable/refusal.ts';
import { faultsIn, listingMembers, MAX_REPORTED_FAULTS } from './list.ts';
import { payloadTooLarge } from './problem.ts';

// Bounds the response: it must not be much larger than the request.
const MAX_POINTER_LENGTH = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Read the body as a Buffer of up to `limit` bytes (413), then reject media types other than JSON (415). */
export function readBody(limit: number): RequestHandler[] {
  const refuseDeclared: RequestHandler = (req, _res, next) => {
    // express.raw checks the encoding first, but the contract has 413 before 415.
    if (Number(req.headers['content-length'] ?? 0) > limit) throw payloadTooLarge();
    next();
  };
  return [refuseDeclared, express.raw({ limit, inflate: false, type: () => true }), requireJsonMediaType];
}

const requireJsonMediaType: RequestHandler = (req, _res, next) => {
  if (bodyOf(req).length > 0 && !/^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
    throw refused('unsupported-media-type', 'Send application/json.');
  }
  next();
};

function bodyOf(req: Request): Buffer {
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

/** Parse the body with `schema`. With `orEmpty`, an empty body counts as `{}`. */
export function parseBody<S extends z.ZodType>(req: Request, schema: S, options?: { orEmpty: boolean }): z.output<S> {
  const bytes = bodyOf(req);
  if (bytes.length === 0 && options?.orEmpty) return validate(schema, {});
  return validate(schema, parseJson(bytes));
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw refused('invalid-json', bytes.length === 0 ? 'The body is empty.' : 'The body is not JSON in UTF-8.');
  }
}

/** Parse the query with `schema`; a repeated parameter is an error. */
export function parseQuery<S extends z.ZodType>(req: Request, schema: S): z.output<S> {
  return validate(schema, { ...req.query });
}

function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, listingMembers);
  if (result.success) return result.data;
  throw validationFailed(
    faultsIn(result.error).map(({ path, message }) => ({ pointer: toPointer(path), detail: message })),
  );
}

/** A validation error, with a JSON Pointer (RFC 6901) into the body or to the query parameter. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** 400 for a request that is well-formed but not valid. */
export function validationFailed(faults: Fault[]): RefusedError {
  const count = faults.length === 1 ? '1 value is' : `${faults.length} values are`;
  return refused('validation-failed', `${count} not valid.`, { errors: faults.slice(0, MAX_REPORTED_FAULTS) });
}

function toPointer(path: readonly PropertyKey[]): string {
  const pointer = path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return pointer.length > MAX_POINTER_LENGTH ? `${pointer.slice(0, MAX_POINTER_LENGTH)}…` : pointer;
}
