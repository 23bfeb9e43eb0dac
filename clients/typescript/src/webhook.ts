/** Webhooks as Standard Webhooks describes them (https://www.standardwebhooks.com), verified with Web Crypto. */

/** A webhook whose signature is valid. */
export interface Webhook {
  /** The id of the event: every delivery of it has the same. Handle each id once. */
  id: string;
  /** `order.placed` and the like. Ignore one that you do not know. */
  type: string;
  /** When the event happened. */
  timestamp: string;
  data: Record<string, unknown>;
}

/** Why a request is not a valid webhook. Answer it with 400. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

export interface VerifyOptions {
  /** How old a delivery may be, and how far its clock may be ahead. Default 300. */
  toleranceSeconds?: number;
}

/**
 * The webhook that a request carries. Throws a `WebhookError` if it was not signed with this secret (`whsec_…`), or with one of these
 * while they rotate, or if it is too old. `payload` has to be the body as it came: parsed and written again it has other bytes.
 */
export async function verifyWebhook(
  payload: string | Uint8Array,
  headers: Headers | Record<string, string | readonly string[] | undefined>,
  secrets: string | readonly string[],
  { toleranceSeconds = 300 }: VerifyOptions = {},
): Promise<Webhook> {
  const id = readHeader(headers, 'webhook-id');
  const sentAt = readHeader(headers, 'webhook-timestamp');
  const signatures = readHeader(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(sentAt)) throw new WebhookError('webhook-timestamp is not a time in seconds');
  // `!(…)`: with a tolerance that is not a number nothing is recent.
  if (!(Math.abs(Date.now() / 1_000 - Number(sentAt)) <= toleranceSeconds)) {
    throw new WebhookError(`webhook-timestamp differs by more than ${toleranceSeconds} s from the clock`);
  }
  const body = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const signed = concat(new TextEncoder().encode(`${id}.${sentAt}.`), body);
  if (!(await isSigned(signed, signatures, typeof secrets === 'string' ? [secrets] : secrets))) {
    throw new WebhookError('no signature is valid');
  }
  return { id, ...parse(body) };
}

async function isSigned(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  secrets: readonly string[],
): Promise<boolean> {
  const given = signatures.split(' ').flatMap((signature) => {
    // Other versions of the scheme may stand beside the first.
    const bytes = signature.startsWith('v1,') ? fromBase64(signature.slice(3)) : undefined;
    return bytes ?? [];
  });
  for (const secret of secrets) {
    const key = await importSecret(secret);
    for (const signature of given) {
      // Compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return true;
    }
  }
  return false;
}

async function importSecret(secret: string) {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''));
  if (!bytes || bytes.length === 0) throw new TypeError('a webhook secret is whsec_ and base64');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function readHeader(headers: Headers | Record<string, string | readonly string[] | undefined>, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  const [first, ...others] = typeof value === 'string' ? [value] : (value ?? []);
  if (!first || others.length > 0) throw new WebhookError(`${name} is missing or repeated`);
  return first;
}

function parse(body: Uint8Array): Omit<Webhook, 'id'> {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new WebhookError('the payload is not JSON', { cause });
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
