import type { Fingerprint } from './fingerprint.ts';

/** A key, which is unique per client. */
export interface KeyName {
  clientId: string;
  key: string;
}

/** A write with an idempotency key: the client, the key and the fingerprint of the content. */
export interface KeyedRequest extends KeyName {
  fingerprint: Fingerprint;
}
