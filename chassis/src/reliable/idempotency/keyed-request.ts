import type { Fingerprint } from './fingerprint.ts';

/** Whose key it is. */
export interface KeyName {
  clientId: string;
  key: string;
}

/** A write as its key sees it: who sent it, and what it asks for. */
export interface KeyedRequest extends KeyName {
  fingerprint: Fingerprint;
}
