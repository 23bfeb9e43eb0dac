import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { refused } from '../contract/problems.ts';
import type { RefusedError } from '../reliable/refusal.ts';
import { contextOf, headerValues } from './context.ts';
import type { Principal } from './principal.ts';

/** Reject requests that did not come through the gateway. Two tokens are accepted at a time, for rotation. */
export function gatewayOnly(tokens: readonly string[]): RequestHandler {
  const accepted = tokens.map(known);
  return (req, res, next) => {
    if (!findToken(onlyValue(req, 'x-gateway-token'), accepted)) throw gatewayRequired();
    contextOf(res).cameThroughGateway = true;
    next();
  };
}

/**
 * Read the client's identity, on routes where the gateway requires an API key. A client can make Kong drop these headers by
 * listing them in `Connection`, so a request with a missing or repeated header is rejected and never treated as anonymous.
 */
export function identifyClient(): RequestHandler {
  return (req, res, next) => {
    const context = contextOf(res);
    if (!context.cameThroughGateway) throw new Error('identifyClient must run after gatewayOnly');
    const clientId = onlyValue(req, 'x-consumer-custom-id');
    const groups = onlyValue(req, 'x-consumer-groups');
    if (!clientId || !groups) throw gatewayRequired();
    context.principal = { kind: 'machine', clientId, groups: groups.split(',').map((group) => group.trim()) };
    next();
  };
}

/** The caller, on a route behind {@link identifyClient} or {@link internalOnly}. */
export function principalOf(res: Response): Principal {
  const { principal } = contextOf(res);
  if (!principal) throw new Error('principalOf needs identifyClient or internalOnly on the route');
  return principal;
}

/** The accepted bearer tokens (RFC 6750) of each service that may call; two during a rotation. */
export type InternalCallers = Readonly<Record<string, readonly string[]>>;

/** Reject requests without a token of one of these services. The token identifies the service. */
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

/**
 * Compares digests, and always all of them, so that timing reveals neither lengths nor common prefixes nor which token
 * matched.
 */
function findToken<Known extends KnownToken>(token: string | undefined, accepted: readonly Known[]): Known | undefined {
  if (!token) return undefined;
  const candidate = known(token).digest;
  return accepted.filter(({ digest }) => timingSafeEqual(candidate, digest))[0];
}
