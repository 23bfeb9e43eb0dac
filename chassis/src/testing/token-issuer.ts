import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, importJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { TOKEN_AUDIENCES, TOKEN_ISSUER } from '../edge/people/access-token.ts';
import { createPeople } from '../edge/people/people.ts';
import type { SigningKeys } from '../edge/people/signing-keys.ts';
import type { Person, Role } from '../edge/principal.ts';
import { atEnd } from './at-end.ts';
import { closeServer } from './close-server.ts';

/** No access token is valid. */
export const nobody = createPeople({ publicUrl: undefined, keys: { find: async () => undefined } });

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** What a token says that is not as account-service would say it. */
export interface TokenChanges {
  claims?: JWTPayload;
  header?: Partial<JWTHeaderParameters>;
  key?: SigningKey;
}

/** Signs access tokens as account-service does, with keys of its own. */
export function createTokenIssuer() {
  const keys: Record<Person['kind'], SigningKey> = { shopper: newKey('shop-1'), staff: newKey('console-1') };
  const published = [keys.shopper, keys.staff];

  function sign(kind: Person['kind'], claims: JWTPayload, changes: TokenChanges): Promise<string> {
    const { kid, privateKey } = changes.key ?? keys[kind];
    const now = Math.floor(Date.now() / 1000);
    const whole = {
      iss: TOKEN_ISSUER,
      aud: TOKEN_AUDIENCES[kind],
      sid: randomUUID(),
      iat: now,
      exp: now + 300,
      ...claims,
      ...changes.claims,
    };
    return new SignJWT(whole).setProtectedHeader({ alg: 'EdDSA', kid, ...changes.header }).sign(privateKey);
  }

  /** The keys without HTTP, as account-service has them. */
  const signingKeys: SigningKeys = {
    async find(kid) {
      const found = published.find((key) => key.kid === kid);
      return found && ((await importJWK(toJwk(found), 'EdDSA')) as CryptoKey);
    },
  };

  return {
    keys,
    signingKeys,
    /** Keys that the JWKS has; change it to rotate. */
    published,
    /** The token of a shopper. */
    shopper: (accountId: string, changes: TokenChanges = {}) => sign('shopper', { sub: accountId }, changes),
    /** The token of a member of staff. */
    staff: (accountId: string, roles: readonly Role[], changes: TokenChanges = {}) =>
      sign('staff', { sub: accountId, roles: [...roles] }, changes),
    jwks: () => ({ keys: published.map(toJwk) }),
  };
}

export type TokenIssuer = ReturnType<typeof createTokenIssuer>;

/** A key pair as account-service makes one; its `kid` begins with the audience. */
export function newKey(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync('ed25519') };
}

/** An HTTP server with the issuer's JWKS, until the tests end. A test changes how it answers. */
export async function serveKeys(issuer: TokenIssuer, { clockAheadSeconds = 0 } = {}) {
  const served = { url: '', asked: 0, answer: () => ({ status: 200, body: JSON.stringify(issuer.jwks()) }) };
  const server = createServer((_req, res) => {
    served.asked += 1;
    const { status, body } = served.answer();
    const date = new Date(Date.now() + clockAheadSeconds * 1000).toUTCString();
    res.writeHead(status, { 'content-type': 'application/json', date }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
  return served;
}

function toJwk({ kid, publicKey }: SigningKey) {
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' };
}
