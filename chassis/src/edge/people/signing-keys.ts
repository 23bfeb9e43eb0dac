import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import type { Logger } from '../../base/telemetry/log.ts';
import { unavailable } from '../../reliable/refusal.ts';
import { CLOCK_SKEW_SECONDS } from './clock-skew.ts';

/** The public keys of access tokens. */
export interface SigningKeys {
  /**
   * The key with this id; undefined if account-service has none. Throws 503 `unavailable` while no keys are known, because the token
   * may be valid.
   */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** By how much account-service's clock was ahead of this one when it was last asked; undefined if that is unknown. */
  clockAheadMs?(): number | undefined;
}

export interface SigningKeysOptions {
  /** Addresses of account-service's JWKS, asked one after the other until one answers. */
  urls: readonly string[];
  log: Logger;
  /** Milliseconds, monotonic. */
  now?: () => number;
}

// An unknown kid is a new key, or invented. Keys are published before they sign, so a wait of this length is no problem.
const ASK_AGAIN_AFTER_MS = 30_000;
// Without any keys nobody can call.
const FIRST_ASK_AGAIN_AFTER_MS = 1_000;
// For keys that account-service has withdrawn. It is below the 15 minutes that a token lives.
const REFRESH_AFTER_MS = 5 * 60_000;
const DEADLINE_MS = 2_000;
const MAX_BYTES = 64 * 1024;

const keySet = z.object({ keys: z.array(z.looseObject({})).max(100) });
const ed25519 = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().min(1),
  use: z.literal('sig').optional(),
  alg: z.literal('EdDSA').optional(),
});

/** Keys of account-service's JWKS. They are cached, and kept while account-service cannot be reached. */
export function createSigningKeys({ urls, log, now = () => performance.now() }: SigningKeysOptions): SigningKeys {
  // A system without account-service: nobody has a valid token.
  if (urls.length === 0) return { find: async () => undefined };
  let known: FetchedKeys | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  function ask(): Promise<void> {
    askedAt = now();
    asking ??= fetchKeys(urls)
      .then((found) => {
        known = found;
        const { clockAheadMs } = found;
        if (clockAheadMs !== undefined && Math.abs(clockAheadMs) > CLOCK_SKEW_SECONDS * 1000) {
          log.warn({ clockAheadMs }, 'the clock of account-service differs from this one: access tokens are refused');
        }
      })
      .catch((error: unknown) => log.warn({ err: error }, 'could not read the signing keys of account-service'))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  return {
    async find(kid) {
      const age = now() - askedAt;
      const key = known?.keys.get(kid);
      if (key) {
        if (age > REFRESH_AFTER_MS) void ask();
        return key;
      }
      if (asking) await asking;
      else if (age > (known ? ASK_AGAIN_AFTER_MS : FIRST_ASK_AGAIN_AFTER_MS)) await ask();
      if (!known) throw unavailable();
      return known.keys.get(kid);
    },
    clockAheadMs: () => known?.clockAheadMs,
  };
}

interface FetchedKeys {
  keys: ReadonlyMap<string, CryptoKey>;
  clockAheadMs: number | undefined;
}

async function fetchKeys(urls: readonly string[]): Promise<FetchedKeys> {
  let failure: unknown;
  for (const url of urls) {
    try {
      const { text, clockAheadMs } = await fetchText(url);
      return { keys: await importKeys(text), clockAheadMs };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function fetchText(url: string): Promise<{ text: string; clockAheadMs: number | undefined }> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DEADLINE_MS) });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${url} returned more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`${url} returned ${response.status}`);
  // Whole seconds, and later by the time for the answer: enough to see clocks that differ by half a minute.
  // biome-ignore lint/plugin: it is the clock of the machine that is compared
  const clockAheadMs = Date.parse(response.headers.get('date') ?? '') - Date.now();
  return {
    text: Buffer.concat(chunks).toString(),
    clockAheadMs: Number.isNaN(clockAheadMs) ? undefined : clockAheadMs,
  };
}

/** Keys of other types are left out: they sign no access tokens. */
async function importKeys(text: string): Promise<Map<string, CryptoKey>> {
  const published = keySet.parse(JSON.parse(text)).keys.flatMap((key) => {
    const { data } = ed25519.safeParse(key);
    return data ? [data] : [];
  });
  return new Map(
    await Promise.all(
      published.map(async ({ kty, crv, x, kid }) => {
        return [kid, (await importJWK({ kty, crv, x }, 'EdDSA')) as CryptoKey] as const;
      }),
    ),
  );
}
