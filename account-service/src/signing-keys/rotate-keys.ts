import { generateKeyPairSync, randomUUIDv7 } from 'node:crypto';
import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { MasterKey } from '../master-key.ts';
import { type Audience, audiences, type SigningKey } from './signing-key.ts';
import { endNewestKey, findPublishedKeys, insertKey, lockKeys, type NewSigningKey } from './signing-keys.sql.ts';

export interface SigningKeysDeps {
  pool: Connections;
  masterKey: MasterKey;
}

/** The published keys. An audience without any, as at the very first start, gets its first key. */
export async function publishedKeys({ pool, masterKey }: SigningKeysDeps): Promise<SigningKey[]> {
  const keys = await findPublishedKeys(pool);
  if (lacking(keys).length === 0) return keys;
  return inTransaction(pool, async (trx) => {
    await lockKeys(trx);
    // Another process may have made them meanwhile.
    for (const audience of lacking(await findPublishedKeys(trx)))
      await insertKey(trx, newKey(masterKey, audience), undefined);
    return findPublishedKeys(trx);
  });
}

/** Make the next key of every audience. The present ones sign until these have been published for long enough. */
export async function rotateKeys({ pool, masterKey }: SigningKeysDeps): Promise<SigningKey[]> {
  return inTransaction(pool, async (trx) => {
    await lockKeys(trx);
    for (const audience of audiences) await rotate(trx, masterKey, audience);
    return findPublishedKeys(trx);
  });
}

async function rotate(trx: Transaction, masterKey: MasterKey, audience: Audience): Promise<void> {
  const signsFrom = await endNewestKey(trx, audience);
  await insertKey(trx, newKey(masterKey, audience), signsFrom);
}

function lacking(keys: readonly SigningKey[]): Audience[] {
  return audiences.filter((audience) => !keys.some((key) => key.audience === audience));
}

function newKey(masterKey: MasterKey, audience: Audience): NewSigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const kid = `${audience}-${randomUUIDv7()}`;
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const { d = '' } = privateKey.export({ format: 'jwk' });
  return {
    kid,
    audience,
    publicKey: Buffer.from(x, 'base64url'),
    privateKey: masterKey.encrypt(Buffer.from(d, 'base64url'), kid),
  };
}
