import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import type { Logger } from '../../base/telemetry/log.ts';
import { unavailable } from '../../reliable/refusal.ts';

/** The public keys of access tokens. */
export interface SigningKeys {
  /**
   * The key with this id; undefined if account-service has none. Throws 503 `unavailable` while no keys are known, because the token
   * may be valid.
   */
  find(kid: string): Promise<CryptoKey | undefined>;
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
  let keys: ReadonlyMap<string, CryptoKey> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  function ask(): Promise<void> {
    askedAt = now();
    asking ??= fetchKeys(urls)
      .then((found) => {
        keys = found;
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
      const known = keys?.get(kid);
      if (known) {
        if (age > REFRESH_AFTER_MS) void ask();
        return known;
      }
      if (asking) await asking;
      else if (age > (keys ? ASK_AGAIN_AFTER_MS : FIRST_ASK_AGAIN_AFTER_MS)) await ask();
      if (!keys) throw unavailable();
      return keys.get(kid);
    },
  };
}

async function fetchKeys(urls: readonly string[]): Promise<Map<string, CryptoKey>> {
  let failure: unknown;
  for (const url of urls) {
    try {
      return await importKeys(await fetchText(url));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DEADLINE_MS) });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${url} returned more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`${url} returned ${response.status}`);
  return Buffer.concat(chunks).toString();
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
