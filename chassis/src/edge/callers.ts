import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { refused } from '../contract/problems.ts';
import type { RefusedError } from '../reliable/refusal.ts';
import { contextOf, headerValues } from './context.ts';
import type { Principal } from './principal.ts';

/** Refuse whatever did not pass the gateway. Two tokens are accepted at a time, so that they can be rotated. */
export function gatewayOnly(tokens: readonly string[]): RequestHandler {
  const accepted = tokens.map(known);
  return (req, res, next) => {
    if (!findToken(onlyValue(req, 'x-gateway-token'), accepted)) throw gatewayRequired();
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

/** Refuse whatever does not carry a token of one of these services, which says which one it is. */
export function internalOnly(callers: InternalCallers, { internalRequests }: Metrics): RequestHandler {
  const accepted = Object.entries(callers).flatMap(([name, tokens]) =>
    tokens.map((token, index) => ({ ...known(token), name, age: index === 0 ? 'current' : 'previous' })),
  );
  return (req, res, next) => {
    const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(onlyValue(req, 'authorization') ?? '')?.[1];
    const found = findToken(bearer, accepted);
    if (!found) throw refused('internal-token-required', 'Only services may call this path.');
    internalRequests.of(found.name, found.age).inc();
    contextOf(res).principal = { kind: 'service', name: found.name };
    next();
  };
}

function gatewayRequired(): RefusedError {
  return refused('gateway-required', 'Send requests to the gateway, not to the service.');
}

function onlyValue(req: Request, name: string): string | undefined {
  const values = headerValues(req, name);
  return values.length === 1 ? values[0] : undefined;
}

interface KnownToken {
  digest: Buffer;
}

function known(token: string): KnownToken {
  return { digest: hash('sha256', token, 'buffer') };
}

/** Compares digests, and all of them, so that the time shows neither a length, nor a common prefix, nor which one it was. */
function findToken<Known extends KnownToken>(token: string | undefined, accepted: readonly Known[]): Known | undefined {
  if (!token) return undefined;
  const candidate = known(token).digest;
  return accepted.filter(({ digest }) => timingSafeEqual(candidate, digest))[0];
}
