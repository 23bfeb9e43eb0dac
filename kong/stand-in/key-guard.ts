/**
 * The Lua of kong.yml in TypeScript, because the stand-in has no Lua. It is valid for exactly one text of the two functions
 * (KEY_GUARD_SHA256), so a change there must be made here too; kong/key-guard.int.test.ts compares both.
 */
import { createHash } from 'node:crypto';
import { firstValue } from './headers.ts';
import type { Call, PluginAnswer } from './plugins.ts';

/** The hash of the plugin's `access` followed by its `header_filter`. */
const KEY_GUARD_SHA256 = '708bc999e9673c83a6bd255293419e49b09fa43e240e430124c53bf494fc3269';

/** Whether these are the functions that the guard below implements. */
export function isKeyGuard(access: string, headerFilter: string): boolean {
  return createHash('sha256').update(access).update(headerFilter).digest('hex') === KEY_GUARD_SHA256;
}

export interface KeyGuard {
  /** Runs before all other plugins, with the tags of the route. */
  before(call: Call, tags: readonly string[]): PluginAnswer | undefined;
  /** Runs after them, with their response. */
  after(call: Call, tags: readonly string[], answer: PluginAnswer | undefined): void;
}

/** The groups in the tags of a route. */
export function callersIn(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => /^callers:(.+)$/.exec(tag)?.[1] ?? []);
}

const REFUSALS = 300;
const WINDOW_MS = 60_000;
const ACCEPTED_MS = 3_600_000;

/** Refuses malformed keys, and addresses with too many refused keys; a key that was accepted before passes. */
export function createKeyGuard(now: () => number): KeyGuard {
  const refusals = new Map<string, { count: number; until: number }>();
  const accepted = new Map<string, number>();
  const keys = new WeakMap<Call, string>();

  function refusedTooOften(address: string): boolean {
    const found = refusals.get(address);
    if (found && found.until <= now()) refusals.delete(address);
    return found !== undefined && found.until > now() && found.count >= REFUSALS;
  }

  return {
    before(call, tags) {
      if (tags.includes('keyless')) return undefined;
      const key = firstValue(call.headers, 'apikey') ?? '';
      keys.set(call, key);
      if (refusedTooOften(call.remoteAddress) && (accepted.get(key) ?? 0) <= now()) {
        const message = 'Too many calls without a valid API key';
        return { status: 429, message, headers: ['Retry-After', '60'] };
      }
      if (/[^!-~]/.test(key)) {
        return { status: 401, message: 'Unauthorized', headers: ['WWW-Authenticate', 'Key realm="header apikey"'] };
      }
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused
      if (/[\x00-\x1f\x7f]/.test(firstValue(call.headers, 'idempotency-key') ?? '')) {
        return { status: 400, message: 'Idempotency-Key has control characters' };
      }
      return undefined;
    },
    after(call, tags, answer) {
      if (call.consumer) accepted.set(keys.get(call) ?? '', now() + ACCEPTED_MS);
      else if (answer?.status === 401) {
        const found = refusals.get(call.remoteAddress);
        if (found && found.until > now()) found.count += 1;
        else refusals.set(call.remoteAddress, { count: 1, until: now() + WINDOW_MS });
      }
      if (answer?.status === 403) call.answerHeaders.push('X-Allowed-Groups', callersIn(tags).join(', '));
    },
  };
}
