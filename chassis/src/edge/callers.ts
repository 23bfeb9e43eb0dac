import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { RefusedError } from '../base/refusal.ts';
import { refused } from '../contract/problems.ts';
import { contextOf, headerValues } from './context.ts';

/** Refuse whatever did not pass the gateway. Two tokens are accepted at a time, so that they can be rotated. */
export function gatewayOnly(tokens: readonly string[]): RequestHandler {
  const accepted = tokens.map(digest);
  return (req, _res, next) => {
    if (!isOneOf(onlyValue(req, 'x-gateway-token'), accepted)) throw gatewayRequired();
    next();
  };
}

/**
 * Read who calls, on routes where the gateway asked for a key. A client can make Kong drop these headers by naming
 * them in `Connection`, so one that is missing (or doubled) is a refusal and never an anonymous caller.
 */
export function identifyClient(): RequestHandler {
  return (req, res, next) => {
    const clientId = onlyValue(req, 'x-consumer-custom-id');
    const groups = onlyValue(req, 'x-consumer-groups');
    if (!clientId || !groups) throw gatewayRequired();
    const context = contextOf(res);
    context.clientId = clientId;
    context.groups = groups.split(',').map((group) => group.trim());
    next();
  };
}

/** The caller, on a route behind {@link identifyClient}. */
export function clientOf(res: Response): string {
  const { clientId } = contextOf(res);
  if (clientId === undefined) throw new Error('a route asks for its client without identifying it');
  return clientId;
}

/** Refuse whatever does not carry the internal token of the other service (RFC 6750). */
export function internalOnly(tokens: readonly string[]): RequestHandler {
  const accepted = tokens.map(digest);
  return (req, _res, next) => {
    const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(onlyValue(req, 'authorization') ?? '')?.[1];
    if (!isOneOf(bearer, accepted)) {
      throw refused('internal-token-required', 'This call is for the other service only.');
    }
    next();
  };
}

function gatewayRequired(): RefusedError {
  return refused('gateway-required', 'Call the gateway, not the service.');
}

function onlyValue(req: Request, name: string): string | undefined {
  const values = headerValues(req, name);
  return values.length === 1 ? values[0] : undefined;
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** Compares digests, so that neither the length nor a common prefix shows in the time it takes. */
function isOneOf(token: string | undefined, accepted: readonly Buffer[]): boolean {
  if (!token) return false;
  const candidate = digest(token);
  let found = false;
  for (const known of accepted) found = timingSafeEqual(candidate, known) || found;
  return found;
}
