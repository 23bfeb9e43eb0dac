import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import request from 'supertest';
import { type AccountService, createAccountDatabase, get, masterKey, startUntilEnd } from '../../test/test-app.ts';
import { publishedKeys, rotateKeys } from './rotate-keys.ts';
import { lockKeys, removeRetiredKeys } from './signing-keys.sql.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  database = await createAccountDatabase();
  atEnd(() => database.drop());
  service = startUntilEnd(database.pool);
});
beforeEach(() => database.truncate());

const deps = () => ({ pool: database.pool, masterKey });
const keySet = async () => (await get(service, '/.well-known/jwks.json').expect(200)).body.keys as { kid: string }[];
const kids = async () => (await keySet()).map(({ kid }) => kid);
const audiencesOf = (found: readonly string[]) => found.map((kid) => kid.split('-')[0]).sort();

/** Let all times of the keys be so many seconds earlier. */
const letPass = (seconds: number) =>
  withClient(database.ownerUrl, (client) =>
    client.query(
      `UPDATE signing_keys SET created_at = created_at - make_interval(secs => $1),
         signs_from = signs_from - make_interval(secs => $1), signs_until = signs_until - make_interval(secs => $1)`,
      [seconds],
    ),
  );

describe('GET /.well-known/jwks.json', () => {
  it('has a key for each audience from the first call on, always the same', async () => {
    const first = await keySet();
    expect(first).toEqual(
      expect.arrayContaining(
        ['shop', 'console'].map((audience) => ({
          kty: 'OKP',
          crv: 'Ed25519',
          x: expect.stringMatching(/^[\w-]{43}$/),
          kid: expect.stringMatching(`^${audience}-[0-9a-f-]{36}$`),
          alg: 'EdDSA',
          use: 'sig',
        })),
      ),
    );
    expect(first).toHaveLength(2);
    expect(await keySet()).toEqual(first);
  });

  it('makes one key for each audience when many ask at once, in several processes', async () => {
    const other = startUntilEnd(database.pool);
    const found = await Promise.all(
      Array.from({ length: 12 }, (_, n) => get(n % 2 ? service : other, '/.well-known/jwks.json').expect(200)),
    );
    expect(new Set(found.map(({ text }) => text)).size).toBe(1);
    expect(await kids()).toHaveLength(2);
  });

  it('is for services without the gateway too, and may be kept for less time than a key waits to sign', async () => {
    const { headers } = await request(service.http).get('/.well-known/jwks.json').expect(200);
    expect(headers['cache-control']).toBe('public, max-age=30');
  });

  it('is answered while a rotation waits to commit', async () => {
    const before = await kids();
    await inTransaction(database.pool, async (trx) => {
      await lockKeys(trx);
      expect(await kids()).toEqual(before);
    });
  });
});

describe('a signing key', () => {
  it('has a private half that only the master key decrypts, and that signs what the public half verifies', async () => {
    const [key] = await publishedKeys(deps());
    const { rows } = await database.pool.query('SELECT private_key FROM signing_keys WHERE kid = $1', [key?.kid]);
    const seed = masterKey.decrypt(rows[0].private_key, key?.kid ?? '');
    const x = key?.publicKey.toString('base64url');
    const jwk = { kty: 'OKP', crv: 'Ed25519', x };
    const privateKey = createPrivateKey({ key: { ...jwk, d: seed.toString('base64url') }, format: 'jwk' });
    const data = Buffer.from('data');
    expect(verify(null, data, createPublicKey({ key: jwk, format: 'jwk' }), sign(null, data, privateKey))).toBe(true);
    expect(rows[0].private_key.includes(seed)).toBe(false);
  });

  it('is published before it signs, signs after its predecessor, and stays until its last token has expired', async () => {
    const before = await publishedKeys(deps());
    const rotated = await rotateKeys(deps());
    expect(rotated.map(({ state }) => state)).toEqual(['signing', 'signing', 'waiting', 'waiting']);
    for (const { kid, audience, signsUntil } of rotated.slice(0, 2)) {
      expect(before.map((key) => key.kid)).toContain(kid);
      const next = rotated.slice(2).find((key) => key.audience === audience);
      expect(next?.signsFrom).toEqual(signsUntil);
      expect(Number(next?.signsFrom) - Number(next?.createdAt)).toBeGreaterThanOrEqual(59_000);
    }

    await letPass(61);
    expect((await publishedKeys(deps())).map(({ state }) => state)).toEqual([
      ...['retired', 'retired', 'signing', 'signing'],
    ]);
    await letPass(15 * 60 - 10);
    await removeRetiredKeys(database.pool);
    expect(await kids()).toHaveLength(4);
    await letPass(10);
    expect(await kids()).toEqual(rotated.slice(2).map(({ kid }) => kid));
    expect(await removeRetiredKeys(database.pool)).toBe(2);
    expect(await kids()).toEqual(rotated.slice(2).map(({ kid }) => kid));
  });

  it('has one successor at a time, however many rotations come at once', async () => {
    await kids();
    await Promise.all(Array.from({ length: 3 }, () => rotateKeys(deps())));
    expect(audiencesOf(await kids())).toEqual([...Array(4).fill('console'), ...Array(4).fill('shop')]);
    // At each time one signs: each begins where the one before it ends.
    const { rows } = await database.pool.query(`
      SELECT kid FROM signing_keys k
      WHERE signs_until IS NOT NULL AND NOT EXISTS (
        SELECT FROM signing_keys n WHERE n.audience = k.audience AND n.signs_from = k.signs_until AND n.kid <> k.kid)`);
    expect(rows).toEqual([]);
  });

  it('is not lost when the rotation is: both halves of it commit, or neither', async () => {
    const before = await kids();
    const dies = {
      ...deps(),
      masterKey: {
        ...masterKey,
        encrypt: () => {
          throw new Error('died');
        },
      },
    };
    await expect(rotateKeys(dies)).rejects.toThrow('died');
    expect(await kids()).toEqual(before);
    expect((await publishedKeys(deps())).map(({ state }) => state)).toEqual(['signing', 'signing']);
  });
});
