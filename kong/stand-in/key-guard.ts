/**
 * kong.yml's one piece of Lua, written again in TypeScript: the stand-in has no Lua. It is this for exactly one text of the
 * two functions (KEY_GUARD_SHA256), so that a change there has to be made here too; kong/key-guard.int.test.ts runs both.
 */
import { createHash } from 'node:crypto';
import { firstValue } from './headers.ts';
import type { Call, PluginAnswer } from './plugins.ts';

/** The hash of the plugin's `access` and `header_filter`, one after the other. */
const KEY_GUARD_SHA256 = '708bc999e9673c83a6bd255293419e49b09fa43e240e430124c53bf494fc3269';

/** Whether these are the functions that the guard below stands for. */
export function isKeyGuard(access: string, headerFilter: string): boolean {
  return createHash('sha256').update(access).update(headerFilter).digest('hex') === KEY_GUARD_SHA256;
}

export interface KeyGuard {
  /** Before all other plugins, with the tags of the route. */
  before(call: Call, tags: readonly string[]): PluginAnswer | undefined;
  /** After them, with what they answered. */
  after(call: Call, tags: readonly string[], answer: PluginAnswer | undefined): void;
}

/** The groups that the tags of a route name. */
export function callersIn(tags: readonly string[]): string[] {
  return tags.flatMap((tag) => /^callers:(.+)$/.exec(tag)?.[1] ?? []);
}

const REFUSALS = 300;
const WINDOW_MS = 60_000;
const ACCEPTED_MS = 3_600_000;

/** Refuses keys that cannot be, and addresses whose keys were refused too often; a key that was accepted passes. */
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
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
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
