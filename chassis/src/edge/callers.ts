import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { refused } from '../contract/problems.ts';
import type { RefusedError } from '../reliable/refusal.ts';
import { contextOf, headerValues } from './context.ts';
import type { Principal } from './principal.ts';

/** Refuse whatever did not pass the gateway. Two tokens are accepted at a time, so that they can be rotated. */
export function gatewayOnly(tokens: readonly string[]): RequestHandler {
  const accepted = tokens.map(digest);
  return (req, res, next) => {
    if (!isOneOf(onlyValue(req, 'x-gateway-token'), accepted)) throw gatewayRequired();
    contextOf(res).cameThroughGateway = true;
    next();
  };
}

/**
 * Read who calls, on routes where the gateway asked for a key. A client can make Kong drop these headers by naming
 * them in `Connection`, so one that is missing (or doubled) is a refusal and never an anonymous caller.
 */
export function identifyClient(): RequestHandler {
  return (req, res, next) => {
    const context = contextOf(res);
    if (!context.cameThroughGateway)
      throw new Error('a route identifies its client before the gateway’s token is checked');
    const clientId = onlyValue(req, 'x-consumer-custom-id');
    const groups = onlyValue(req, 'x-consumer-groups');
    if (!clientId || !groups) throw gatewayRequired();
    context.principal = { kind: 'machine', clientId, groups: groups.split(',').map((group) => group.trim()) };
    next();
  };
}

/** Who is asking, on a route behind {@link identifyClient} or {@link internalOnly}. */
export function principalOf(res: Response): Principal {
  const { principal } = contextOf(res);
  if (!principal) throw new Error('a route asks who is calling without identifying the caller');
  return principal;
}

/** Of each service that may call: the tokens that it may send (RFC 6750). Two, while they are rotated. */
export type InternalCallers = Readonly<Record<string, readonly string[]>>;

/** Refuse whatever does not carry the token of one of these services; its token says which one it is. */
export function internalOnly(callers: InternalCallers): RequestHandler {
  const accepted = Object.entries(callers).map(([name, tokens]) => ({ name, tokens: tokens.map(digest) }));
  return (req, res, next) => {
    const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(onlyValue(req, 'authorization') ?? '')?.[1];
    // All of them are compared, so that the time does not show which one it was.
    const [caller] = accepted.filter(({ tokens }) => isOneOf(bearer, tokens));
    if (!caller) throw refused('internal-token-required', 'This call is for the other service only.');
    contextOf(res).principal = { kind: 'service', name: caller.name };
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
