import { randomUUID } from 'node:crypto';
import {
  choosePlugin,
  type Declaration,
  type PluginConfig,
  type RouteDeclaration,
  type ServiceDeclaration,
} from './declaration.ts';
import { firstValue, type HeaderList, removeHeader, setHeader, valuesOf } from './headers.ts';
import { createKeyGuard, type KeyGuard } from './key-guard.ts';
import type { Refusal } from './problem.ts';
import { withoutArgument } from './query.ts';

export interface Consumer {
  id: string;
  credentialId: string;
  username: string;
  customId?: string;
  groups: string[];
}

/** A request in the plugins, which change its headers and add response headers. */
export interface Call {
  headers: HeaderList;
  remoteAddress: string;
  /** Includes the question mark, or is empty. */
  query: string;
  consumer?: Consumer;
  answerHeaders: string[];
}

/** The response of a plugin that ends the call; with `body`, the template is not used. */
export type PluginAnswer = Refusal & { body?: { contentType: string; body: string } };
type Plugin = (call: Call) => PluginAnswer | undefined;

/** State shared by all routes: the owners of keys, and one rate limiter per plugin configuration. */
export interface PluginState {
  consumers: Map<string, Consumer>;
  limiters: Map<PluginConfig<'rate-limiting'>, Plugin>;
  keyGuard: KeyGuard;
  now: () => number;
}

export function createPluginState(file: Declaration, now: () => number): PluginState {
  return { consumers: readConsumers(file), limiters: new Map(), keyGuard: createKeyGuard(now), now };
}

/** Replaces the consumers after the file was read again. Known consumers keep their ids, by which limits are counted. */
export function replaceConsumers({ consumers }: PluginState, file: Declaration): void {
  const next = readConsumers(file, consumers);
  consumers.clear();
  for (const [key, consumer] of next) consumers.set(key, consumer);
}

function readConsumers(file: Declaration, known = new Map<string, Consumer>()): Map<string, Consumer> {
  const ids = new Map([...known.values()].map(({ username, id }) => [username, id]));
  const consumers = new Map<string, Consumer>();
  for (const { username, custom_id, keyauth_credentials, acls } of file.consumers) {
    const id = ids.get(username) ?? randomUUID();
    const owner = { id, username, customId: custom_id, groups: acls.map((a) => a.group) };
    for (const { key } of keyauth_credentials) {
      consumers.set(key, { ...owner, credentialId: known.get(key)?.credentialId ?? randomUUID() });
    }
  }
  return consumers;
}

/** The plugins of a route in Kong's order, which the file cannot change. The first plugin with a response ends the call. */
export function createPipeline(
  route: RouteDeclaration,
  service: ServiceDeclaration | undefined,
  file: Declaration,
  state: PluginState,
): Plugin {
  const guarded = choosePlugin('pre-function', route, service, file) !== undefined;
  const tags = route.tags ?? [];
  const keyAuth = choosePlugin('key-auth', route, service, file);
  const acl = choosePlugin('acl', route, service, file);
  const rateLimiting = choosePlugin('rate-limiting', route, service, file);
  const transformer = choosePlugin('request-transformer', route, service, file);
  const termination = choosePlugin('request-termination', route, service, file);
  const pipeline = [
    guarded && ((call: Call) => state.keyGuard.before(call, tags)),
    keyAuth && authenticate(keyAuth, state.consumers),
    acl && allowGroups(acl),
    rateLimiting && limiterOf(rateLimiting, state),
    transformer && transformRequest(transformer),
    termination && terminate(termination),
  ].filter((plugin) => plugin !== undefined && plugin !== false);
  return (call) => {
    const answer = firstAnswer(pipeline, call);
    if (guarded) state.keyGuard.after(call, tags, answer);
    return answer;
  };
}

function firstAnswer(pipeline: Plugin[], call: Call): PluginAnswer | undefined {
  for (const plugin of pipeline) {
    const answer = plugin(call);
    if (answer) return answer;
  }
  return undefined;
}

function authenticate(config: PluginConfig<'key-auth'>, consumers: Map<string, Consumer>): Plugin {
  return (call) => {
    const found = config.key_names.map((name) => ({ name, values: valuesOf(call.headers, name) }));
    const { name, values } = found.find((f) => f.values.length > 0) ?? { name: '', values: [] };
    if (values.length > 1) return unauthorized('Duplicate API key found', config.realm);
    if (!values[0]) return unauthorized('No API key found in request', config.realm);
    const consumer = consumers.get(values[0]);
    if (!consumer) return unauthorized('Unauthorized', config.realm);
    if (config.hide_credentials) {
      removeHeader(call.headers, name);
      call.query = withoutArgument(call.query, name);
    }
    identify(call, consumer);
    return undefined;
  };
}

function unauthorized(message: string, realm: string | undefined): Refusal {
  const challenge = realm === undefined ? 'Key' : `Key realm="${realm}"`;
  return { status: 401, message, headers: ['WWW-Authenticate', challenge] };
}

/** Removes all copies sent by the client, including headers for which this consumer has no value. */
function identify(call: Call, consumer: Consumer): void {
  call.consumer = consumer;
  setHeader(call.headers, 'x-consumer-id', consumer.id);
  setHeader(call.headers, 'x-consumer-username', consumer.username);
  setHeader(call.headers, 'x-credential-identifier', consumer.credentialId);
  removeHeader(call.headers, 'x-consumer-custom-id');
  if (consumer.customId !== undefined) call.headers.push('x-consumer-custom-id', consumer.customId);
  removeHeader(call.headers, 'x-anonymous-consumer');
}

function allowGroups(config: PluginConfig<'acl'>): Plugin {
  return ({ consumer, headers }) => {
    if (!consumer?.groups.some((group) => config.allow.includes(group))) {
      return { status: 403, message: 'You cannot consume this service' };
    }
    if (!config.hide_groups_header) setHeader(headers, 'x-consumer-groups', consumer.groups.join(', '));
    return undefined;
  };
}

function limiterOf(config: PluginConfig<'rate-limiting'>, state: PluginState): Plugin {
  const existing = state.limiters.get(config);
  if (existing) return existing;
  const limiter = limitRate(config, state.now);
  state.limiters.set(config, limiter);
  return limiter;
}

const MINUTE_MS = 60_000;

/**
 * Counts per clock minute, so a client may send twice its limit around a full minute, and counts shortly after the check, so a
 * burst may exceed the limit. Both are as in Kong.
 */
export function limitRate(
  config: PluginConfig<'rate-limiting'>,
  now: () => number,
  soon: (count: () => void) => unknown = setImmediate,
): Plugin {
  const limit = config.minute;
  let minute = 0;
  let used = new Map<string, number>();
  return ({ consumer, remoteAddress, answerHeaders }) => {
    const time = now();
    const current = Math.floor(time / MINUTE_MS);
    if (current !== minute) {
      minute = current;
      used = new Map();
    }
    const caller = (config.limit_by === 'consumer' ? consumer?.id : undefined) ?? remoteAddress;
    const count = used.get(caller) ?? 0;
    const remaining = String(Math.max(0, limit - count - 1));
    const reset = String(60 - Math.floor((time % MINUTE_MS) / 1000));
    answerHeaders.push(
      ...['RateLimit-Limit', String(limit), 'RateLimit-Remaining', remaining, 'RateLimit-Reset', reset],
      ...['X-RateLimit-Limit-Minute', String(limit), 'X-RateLimit-Remaining-Minute', remaining],
    );
    if (count >= limit) {
      return { status: config.error_code, message: config.error_message, headers: ['Retry-After', reset] };
    }
    const counted = used;
    soon(() => counted.set(caller, (counted.get(caller) ?? 0) + 1));
    return undefined;
  };
}

/** `remove` comes first; `replace` changes existing headers, and `add` sets missing ones. */
function transformRequest(config: PluginConfig<'request-transformer'>): Plugin {
  const removed = config.remove.headers.map((name) => name.toLowerCase());
  const replaced = config.replace.headers.map(readPair);
  const added = config.add.headers.map(readPair);
  return ({ headers }) => {
    for (const name of removed) removeHeader(headers, name);
    for (const { name, value } of replaced) {
      if (firstValue(headers, name) !== undefined) setHeader(headers, name, value);
    }
    for (const { name, value } of added) {
      if (firstValue(headers, name) === undefined) headers.push(name, value);
    }
    return undefined;
  };
}

function readPair(pair: string): { name: string; value: string } {
  const colon = pair.indexOf(':');
  return { name: pair.slice(0, colon).toLowerCase(), value: pair.slice(colon + 1) };
}

function terminate(config: PluginConfig<'request-termination'>): Plugin {
  const { status_code: status } = config;
  const answer =
    'message' in config
      ? { status, ...asJson(config.message) }
      : { status, message: '', body: { contentType: config.content_type, body: config.body } };
  return () => answer;
}

function asJson(message: string) {
  return { message, body: { contentType: 'application/json; charset=utf-8', body: JSON.stringify({ message }) } };
}
