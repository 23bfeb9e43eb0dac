import type { Request, Response } from 'express';
import { clientOf } from '../http/callers.ts';
import { fingerprint } from './fingerprint.ts';

/** A write as its key sees it: who sent it, and what it asks for. */
export interface KeyedRequest {
  clientId: string;
  key: string;
  fingerprint: Buffer;
}

/** `body` must be canonical: what means the same is equal. So must `parameters` be, where a target has several names. */
export function toKeyedRequest(
  req: Request,
  res: Response,
  key: string,
  body: unknown,
  parameters = req.params as Record<string, string>,
): KeyedRequest {
  const asked = { method: req.method, route: req.route.path as string, parameters, body };
  return { clientId: clientOf(res), key, fingerprint: fingerprint(asked) };
}
