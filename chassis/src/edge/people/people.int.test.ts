import { createHmac, randomUUID, sign } from 'node:crypto';
import { silent } from '../../testing/messaging.ts';
import { createTokenIssuer, newKey, serveKeys } from '../../testing/token-issuer.ts';
import { createPeople, type People } from './people.ts';
import { createSigningKeys } from './signing-keys.ts';

const account = randomUUID();
const issuer = createTokenIssuer();
let people: People;
beforeAll(async () => {
  const { url } = await serveKeys(issuer);
  people = createPeople({ publicUrl: 'https://shop.example', keys: createSigningKeys({ urls: [url], log: silent }) });
});

/** The header lines of a request, in order. */
const lines = (...headers: [name: string, value: string][]) => ({ rawHeaders: headers.flat() });
const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`];
const cookie = (token: string, name = '__Host-shopper'): [string, string] => ['Cookie', `${name}=${token}`];
const asShopper: [string, string] = ['X-Caller', 'shopper'];
const asStaff: [string, string] = ['X-Caller', 'staff'];

/** The code of the refusal. */
const refusal = async (...headers: [string, string][]) =>
  people.identify(lines(...headers)).then(
    (person) => ({ person }),
    (error) => error.refusal?.code ?? error,
  );

describe('the access token of a person', () => {
  it.each([
    ['in the cookie', (token: string) => [asShopper, cookie(token)]],
    ['among other cookies', (token: string) => [asShopper, ['cookie', `a=b; __Host-shopper=${token}; c=d`]]],
    ['beside the cookie of staff', (token: string) => [asShopper, cookie(token), cookie('x', '__Host-staff')]],
    ['as Bearer', (token: string) => [asShopper, bearer(token)]],
    ['from a page of the shop', (token: string) => [asShopper, cookie(token), ['Sec-Fetch-Site', 'same-origin']]],
  ])('is read %s', async (_place, headers) => {
    const sent = headers(await issuer.shopper(account)) as [string, string][];
    expect(await people.identify(lines(...sent))).toMatchObject({ kind: 'shopper', accountId: account });
  });

  it('is read from the cookie without a prefix where the shop is served over plain HTTP', async () => {
    const inDevelopment = createPeople({ publicUrl: 'http://127.0.0.1:8000', keys: issuer.signingKeys });
    const token = await issuer.staff(account, ['backoffice']);
    expect(await inDevelopment.identify(lines(asStaff, cookie(token, 'staff')))).toMatchObject({ kind: 'staff' });
    expect(await inDevelopment.identify(lines(asStaff, cookie(token, '__Host-staff')))).toBeUndefined();
  });

  it.each([
    ['without X-Caller', (token: string) => [cookie(token), bearer(token)]],
    ['without a token', () => [asShopper]],
    ['with the cookie of the other kind', (token: string) => [asShopper, cookie(token, '__Host-staff')]],
    ['with the cookie in another case', (token: string) => [asShopper, cookie(token, '__host-shopper')]],
    ['with the cookie without its prefix', (token: string) => [asShopper, cookie(token, 'shopper')]],
    ['with the cookie’s name inside another', (token: string) => [asShopper, cookie(token, 'x__Host-shopper')]],
    ['with the token in the value of another cookie', (t: string) => [asShopper, cookie(`__Host-shopper=${t}`, 'x')]],
  ])('is not read %s', async (_case, headers) => {
    const sent = headers(await issuer.shopper(account)) as [string, string][];
    expect(await people.identify(lines(...sent))).toBeUndefined();
  });

  it.each([
    ['another X-Caller', (token: string) => [['X-Caller', 'admin'], bearer(token)]],
    ['X-Caller in another case', (token: string) => [['X-Caller', 'Shopper'], bearer(token)]],
    ['two X-Caller', (token: string) => [asShopper, asStaff, bearer(token)]],
    ['a list as X-Caller', (token: string) => [['X-Caller', 'shopper, shopper'], bearer(token)]],
    ['a cookie and Bearer', (token: string) => [asShopper, cookie(token), bearer(token)]],
    [
      'the cookie twice',
      (token: string) => [asShopper, ['Cookie', `__Host-shopper=${token}; __Host-shopper=${token}`]],
    ],
    ['the cookie in two lines', (token: string) => [asShopper, cookie(token), cookie(token)]],
    ['two Authorization', (token: string) => [asShopper, bearer(token), bearer(token)]],
    ['another scheme', (token: string) => [asShopper, ['Authorization', `Basic ${token}`]]],
    ['an empty cookie', () => [asShopper, cookie('')]],
  ])('is refused with %s', async (_case, headers) => {
    const sent = headers(await issuer.shopper(account)) as [string, string][];
    expect(await refusal(...sent)).toBe('not-signed-in');
  });

  it.each(['cross-site', 'same-site', 'none'])('is refused from a page that is %s', async (site) => {
    const token = await issuer.shopper(account);
    expect(await refusal(asShopper, cookie(token), ['Sec-Fetch-Site', site])).toBe('forbidden');
    expect(await refusal(asShopper, ['Sec-Fetch-Site', site])).toBe('forbidden');
  });
});

describe('an access token is refused', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString();
  const detailOf = (token: string) =>
    people.identify(lines(asShopper, bearer(token))).catch((error): string => error.refusal.detail);
  const { shopper: shopKey, staff: consoleKey } = issuer.keys;
  const claims = () => ({ iss: 'account-service', aud: 'shop', sub: account, sid: 's', iat: now(), exp: now() + 60 });
  const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const unsigned = (header: unknown, payload: unknown) => `${encoded(header)}.${encoded(payload)}`;
  const signed = (header: unknown, payload: unknown) => {
    const text = unsigned(header, payload);
    return `${text}.${sign(null, Buffer.from(text), shopKey.privateKey).toString('base64url')}`;
  };
  const header = { alg: 'EdDSA', kid: 'shop-1' };
  const hs256 = (secret: string | Buffer) => {
    const text = unsigned({ ...header, alg: 'HS256' }, claims());
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const parts = async (change: (first: string, payload: string, signature: string) => string[]) => {
    const [first = '', payload = '', signature = ''] = (await issuer.shopper(account)).split('.');
    return change(first, payload, signature).join('.');
  };

  it.each<[string, () => Promise<string> | string]>([
    ['expired', () => issuer.shopper(account, { claims: { exp: now() - 31 } })],
    ['not valid yet', () => issuer.shopper(account, { claims: { nbf: now() + 60 } })],
    ['of another issuer', () => issuer.shopper(account, { claims: { iss: 'https://issuer.example' } })],
    ['for the console', () => issuer.shopper(account, { claims: { aud: 'console' } })],
    ['for two audiences', () => issuer.shopper(account, { claims: { aud: ['shop', 'console'] } })],
    ['of staff', () => issuer.staff(account, ['backoffice'])],
    ['signed by the key of the console', () => issuer.shopper(account, { key: consoleKey })],
    [
      'signed by that key under the other’s id',
      () => issuer.shopper(account, { key: { ...consoleKey, kid: 'shop-1' } }),
    ],
    ['of an unknown key', () => issuer.shopper(account, { key: newKey('shop-2') })],
    ['of an unknown key under a known id', () => issuer.shopper(account, { key: newKey('shop-1') })],
    ['without a kid', () => issuer.shopper(account, { header: { kid: undefined } })],
    ['with a number as kid', () => issuer.shopper(account, { header: { kid: 1 as unknown as string } })],
    ['with an unknown critical header', () => signed({ ...header, crit: ['x'], x: 1 }, claims())],
    ['without a subject', () => issuer.shopper(account, { claims: { sub: undefined } })],
    ['with a subject that is no account', () => issuer.shopper('ada')],
    ['with a subject in capitals', () => issuer.shopper(account.toUpperCase())],
    ['without a session', () => issuer.shopper(account, { claims: { sid: undefined } })],
    ['without an end', () => issuer.shopper(account, { claims: { exp: undefined } })],
    ['without a time of issue', () => issuer.shopper(account, { claims: { iat: undefined } })],
    ['with text as its end', () => issuer.shopper(account, { claims: { exp: '9999999999' as unknown as number } })],
    ['with alg none', () => `${unsigned({ alg: 'none' }, claims())}.`],
    ['with alg none and the kid', () => `${unsigned({ ...header, alg: 'none' }, claims())}.`],
    ['without an alg', () => signed({ kid: 'shop-1' }, claims())],
    [
      'with HS256 and the public key as its secret',
      () => hs256(shopKey.publicKey.export({ format: 'pem', type: 'spki' })),
    ],
    [
      'with HS256 and the raw public key as its secret',
      () => hs256(Buffer.from(shopKey.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
    ],
    ['with another payload', () => parts((first, _, signature) => [first, encoded(claims()), signature])],
    ['without a signature', () => parts((first, payload) => [first, payload, ''])],
    ['cut off', () => parts((first, payload) => [first, payload])],
    ['with a part more', () => parts((...three) => [...three, 'x'])],
    ['with null as its header', () => signed(null, claims())],
    ['with a number as its header', () => signed(1, claims())],
    ['with null as its claims', () => signed(header, null)],
    ['with a list as its claims', () => signed(header, [claims()])],
    ['that is no token', () => 'abc'],
    ['of ten thousand dots', () => '.'.repeat(10_000)],
  ])('%s', async (_case, make) => {
    expect(await refusal(asShopper, bearer(await make()))).toBe('not-signed-in');
  });

  it('for staff without roles in it', async () => {
    const token = await issuer.staff(account, [], { claims: { roles: undefined } });
    expect(await refusal(asStaff, bearer(token))).toBe('not-signed-in');
  });

  it('with the time of its end, and that of this service', async () => {
    const end = now() - 31;
    const token = await issuer.shopper(account, { claims: { exp: end } });
    const detail = await detailOf(token);
    expect(detail).toMatch(`expired at ${isoOf(end)}`);
    expect(detail).toMatch(/by the clock of this service it is \d{4}-/);
    expect(detail).not.toContain('account-service');
  });

  it('when it was issued more than 30 seconds from now', async () => {
    const accepted = await issuer.shopper(account, { claims: { iat: now() + 20 } });
    expect(await people.identify(lines(asShopper, bearer(accepted)))).toMatchObject({ accountId: account });
    const token = await issuer.shopper(account, { claims: { iat: now() + 60 } });
    expect(await refusal(asShopper, bearer(token))).toBe('not-signed-in');
    expect(await detailOf(token)).toMatch(
      /^The access token was issued at .*only \d{4}-.* The clocks of account-service/,
    );
  });

  it('without a word about clocks when another key has signed it', async () => {
    const token = await issuer.shopper(account, { claims: { exp: now() - 600 }, key: newKey('shop-1') });
    expect(await detailOf(token)).toBe('The access token is not valid.');
  });

  it.each([
    [600, /The clock of account-service is (59\d|60\d) s ahead of the clock of this service\.$/],
    [-600, /The clock of account-service is (59\d|60\d) s behind the clock of this service\.$/],
  ])('with what the clock of account-service showed when it was asked for its keys: %i s', async (ahead, expected) => {
    const { url } = await serveKeys(issuer, { clockAheadSeconds: ahead });
    const keys = createSigningKeys({ urls: [url], log: silent });
    const here = createPeople({ publicUrl: undefined, keys });
    const issued = now() + ahead;
    const token = await issuer.shopper(account, { claims: { iat: issued, exp: issued + 300 } });
    const { refusal } = await here.identify(lines(asShopper, bearer(token))).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'not-signed-in', detail: expect.stringMatching(expected) });
    expect(refusal.detail).toContain(isoOf(ahead > 0 ? issued : issued + 300));
  });

  it('but not within 30 seconds after its end, because clocks differ', async () => {
    const token = await issuer.shopper(account, { claims: { exp: now() - 20 } });
    expect(await people.identify(lines(asShopper, bearer(token)))).toMatchObject({ accountId: account });
  });
});
