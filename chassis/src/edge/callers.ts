import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response, Router } from 'express';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { refused } from '../contract/problems.ts';
import { orderBy } from '../reliable/order-by.ts';
import type { RefusedError } from '../reliable/refusal.ts';
import { contextOf, headerValues } from './context.ts';
import { type CalledOperation, type Callers, peopleOf } from './openapi/callers.ts';
import { declaredCaller, notSignedIn, type People } from './people/people.ts';
import { isReservedClientId, type Machine, type Person, type Principal } from './principal.ts';

/** The tokens of the gateway, by the kind of route that sends them. Two of each are accepted at a time, for rotation. */
export interface GatewayTokens {
  /** Routes on which the gateway has checked an API key and its groups. */
  keyed: readonly string[];
  /** All other routes. */
  keyless: readonly string[];
}

/** Reject requests that did not come through the gateway. The token says whether the gateway has checked an API key. */
export function gatewayOnly({ keyed, keyless }: GatewayTokens): RequestHandler {
  const accepted = [
    ...keyed.map((token) => ({ ...known(token), route: 'keyed' as const })),
    ...keyless.map((token) => ({ ...known(token), route: 'keyless' as const })),
  ];
  return (req, res, next) => {
    const found = findToken(onlyValue(req, 'x-gateway-token'), accepted);
    if (!found) throw gatewayRequired();
    contextOf(res).gatewayRoute = found.route;
    next();
  };
}

/**
 * Identify the caller of each operation, and reject those who may not call it. A request that is none of these operations and of
 * no page is rejected too, so that a service never answers what its document does not describe.
 */
export function identifyCallers(operations: readonly CalledOperation[], people: People, pages: Router): RequestHandler {
  const find = createFinder(operations, (operation) => identifyCaller(operation, people));
  return (req, res, next) => {
    const identify = find(req.method === 'HEAD' ? 'GET' : req.method, req.path);
    if (identify) {
      identify(req, res, next);
      return;
    }
    pages(req, res, (error) => next(error ?? refused('not-found', 'This path does not exist.')));
  };
}

/** Finds what was made for an operation. Not a Router of Express, which would end in another turn of the event loop. */
function createFinder<Made>(operations: readonly CalledOperation[], make: (operation: CalledOperation) => Made) {
  const exact = new Map<string, Made>();
  const patterns: { method: string; pattern: RegExp; made: Made }[] = [];
  // Where two paths match, the one with more literal segments comes first, as at the gateway.
  for (const operation of operations.toSorted(orderBy(({ path }) => path.split('{').length))) {
    const method = operation.method.toUpperCase();
    const made = make(operation);
    if (!operation.path.includes('{')) exact.set(`${method} ${operation.path}`, made);
    else patterns.push({ method, pattern: patternOf(operation.path), made });
  }
  return (method: string, path: string): Made | undefined =>
    exact.get(`${method} ${path}`) ?? patterns.find((one) => one.method === method && one.pattern.test(path))?.made;
}

function patternOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '[^/]+' : segment.replaceAll('.', '\\.')));
  return new RegExp(`^${segments.join('/')}$`);
}

function identifyCaller(operation: CalledOperation, people: People): RequestHandler {
  const isOpen = operation.groups.length === 0 && peopleOf(operation).length === 0;
  const identifyPerson = async (req: Request, res: Response): Promise<void> => {
    const person = await people.identify(req);
    if (!person && !isOpen) throw notSignedIn();
    if (person && !isOpen && !mayCall(person, operation)) {
      throw refused('forbidden', 'This account may not call this operation.');
    }
    contextOf(res).principal = person;
  };
  return (req, res, next) => {
    const context = contextOf(res);
    switch (context.gatewayRoute) {
      case undefined:
        throw new Error('identifyCallers must run after gatewayOnly');
      case 'keyed':
        if (operation.groups.length > 0) context.principal = readMachine(req);
        else if (!isOpen) throw notSignedIn();
        next();
        return;
      case 'keyless':
        if (operation.signsIn) {
          context.declaredCaller = declaredCaller(req);
          next();
          return;
        }
        identifyPerson(req, res).then(() => next(), next);
    }
  };
}

/**
 * The client that the gateway has identified. A client can make Kong drop these headers by listing them in `Connection`, so a
 * request with a missing or repeated header is rejected and never treated as anonymous.
 */
function readMachine(req: Request): Machine {
  const clientId = onlyValue(req, 'x-consumer-custom-id');
  const groups = onlyValue(req, 'x-consumer-groups');
  if (!clientId || !groups || isReservedClientId(clientId)) throw gatewayRequired();
  return { kind: 'machine', clientId, groups: groups.split(',').map((group) => group.trim()) };
}

/** A separate function, because its type excludes undefined: a kind that is missing in the switch does not compile. */
function mayCall(person: Person, { groups, people = [] }: Callers): boolean {
  switch (person.kind) {
    case 'shopper':
      return people.includes('shopper');
    case 'staff':
      return people.includes('staff') || person.roles.some((role) => groups.includes(role));
  }
}

/** The caller, on an operation that is not open to anyone, or on a route behind {@link internalOnly}. */
export function principalOf(res: Response): Principal {
  const { principal } = contextOf(res);
  if (!principal) throw new Error('principalOf needs an operation with callers, or internalOnly on the route');
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
