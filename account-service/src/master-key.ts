/**
 * Everything secret in this service is derived from one secret, the master key (HKDF, RFC 5869): a key for each purpose. While
 * it is being replaced there are two. The first is used for everything new, and all are tried on what exists.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export interface MasterKey {
  /** Encrypt with AES-256-GCM. `context` is authenticated: what was encrypted under another one cannot be decrypted. */
  encrypt(plain: Buffer, context: string): Buffer;
  /** Throws if no master key decrypts it. */
  decrypt(encrypted: Buffer, context: string): Buffer;
  /** HMAC-SHA-256 of `data`, which nobody without the master key can make. */
  mac(purpose: MacPurpose, data: Buffer): Buffer;
  /** The same with each of the master keys, the current one first. */
  macs(purpose: MacPurpose, data: Buffer): Buffer[];
  /** Whether `mac` is that of `data`, with any of the master keys. */
  isMac(purpose: MacPurpose, data: Buffer, mac: Buffer): boolean;
}

type MacPurpose = 'email-token' | 'refresh-token';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Derive the keys from the current secret and, while it is being replaced, the former one. */
export function createMasterKey(secrets: readonly string[]): MasterKey {
  const derive = (purpose: string) =>
    secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', `account-service ${purpose}`, 32)));
  const encryption = derive('encryption');
  const macs: Record<MacPurpose, Buffer[]> = {
    'email-token': derive('email-token'),
    'refresh-token': derive('refresh-token'),
  };
  const macWith = (key: Buffer, data: Buffer) => createHmac('sha256', key).update(data).digest();
  return {
    encrypt(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current(encryption), nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    decrypt(encrypted, context) {
      for (const key of encryption) {
        const plain = decryptWith(key, encrypted, context);
        if (plain) return plain;
      }
      throw new Error(`${context} was encrypted with another ACCOUNT_MASTER_KEY`);
    },
    mac: (purpose, data) => macWith(current(macs[purpose]), data),
    macs: (purpose, data) => macs[purpose].map((key) => macWith(key, data)),
    isMac: (purpose, data, mac) =>
      macs[purpose].some((key) => {
        const expected = macWith(key, data);
        return mac.length === expected.length && timingSafeEqual(mac, expected);
      }),
  };
}

function current([key]: readonly Buffer[]): Buffer {
  if (key === undefined) throw new Error('there is no master key');
  return key;
}

function decryptWith(key: Buffer, encrypted: Buffer, context: string): Buffer | undefined {
  const [nonce, tag] = [encrypted.subarray(0, NONCE_BYTES), encrypted.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined; // another key, or changed
  }
}
