import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '../../testing/at-end.ts';
import { closeServer } from '../../testing/close-server.ts';
import { silent } from '../../testing/messaging.ts';
import { createTokenIssuer, newKey, serveKeys } from '../../testing/token-issuer.ts';
import { createSigningKeys } from './signing-keys.ts';

let time = 0;

/** An issuer whose keys are served, and the cache that reads them. */
async function start(...moreUrls: string[]) {
  const issuer = createTokenIssuer();
  const served = await serveKeys(issuer);
  const keys = createSigningKeys({ urls: [...moreUrls, served.url], log: silent, now: () => time });
  return { issuer, served, keys };
}

const status503 = () => ({ status: 503, body: '{}' });

describe('the signing keys of account-service', () => {
  it('are read once, for requests at the same time too', async () => {
    const { served, keys } = await start();
    const found = await Promise.all([keys.find('shop-1'), keys.find('console-1'), keys.find('shop-1')]);
    expect(found.map((key) => key?.type)).toEqual(['public', 'public', 'public']);
    await keys.find('shop-1');
    expect(served.asked).toBe(1);
  });

  it('are read again for an unknown id, at most every 30 seconds', async () => {
    const { issuer, served, keys } = await start();
    await keys.find('shop-1');
    issuer.published.push(newKey('shop-2'));
    for (let n = 0; n < 10; n += 1) expect(await keys.find('shop-2')).toBeUndefined();
    expect(served.asked).toBe(1);
    time += 31_000;
    expect((await Promise.all([keys.find('shop-2'), keys.find('shop-2')])).map((key) => key?.type)).toEqual([
      'public',
      'public',
    ]);
    for (let n = 0; n < 10; n += 1) expect(await keys.find('shop-3')).toBeUndefined();
    expect(served.asked).toBe(2);
  });

  it('are kept while account-service is away', async () => {
    const { served, keys } = await start();
    await keys.find('shop-1');
    served.answer = status503;
    time += 24 * 3_600_000;
    expect(await keys.find('shop-1')).toBeDefined();
    expect(await keys.find('shop-2')).toBeUndefined();
    expect(await keys.find('shop-1')).toBeDefined();
  });

  it('end some minutes after account-service has withdrawn them', async () => {
    const { issuer, keys } = await start();
    await keys.find('shop-1');
    issuer.published.splice(0, 1);
    time += 5 * 60_000 + 1;
    expect(await keys.find('shop-1')).toBeDefined();
    // Waits for the reading that the call before has begun.
    await keys.find('unknown');
    expect(await keys.find('shop-1')).toBeUndefined();
  });

  it('are unavailable, not invalid, before the first were read', async () => {
    const { served, keys } = await start();
    const { answer } = served;
    served.answer = status503;
    await expect(keys.find('shop-1')).rejects.toMatchObject({ refusal: { code: 'unavailable' } });
    served.answer = answer;
    await expect(keys.find('shop-1')).rejects.toMatchObject({ refusal: { code: 'unavailable' } });
    expect(served.asked).toBe(1);
    time += 1_001;
    expect(await keys.find('shop-1')).toBeDefined();
  });

  it('come from the next address where one does not answer', async () => {
    const { keys } = await start('http://127.0.0.1:1/jwks.json');
    expect(await keys.find('shop-1')).toBeDefined();
  });

  it('are not taken from an answer without end', async () => {
    const server = createServer((_req, res) => {
      res.write('{"keys":[');
      const more = setInterval(() => res.write(' '.repeat(16 * 1024)), 1);
      res.on('close', () => clearInterval(more));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => closeServer(server));
    const { keys } = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await keys.find('shop-1')).toBeDefined();
  });

  it.each([
    ['an RSA key', { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'shop-1' }],
    ['a key for encryption', { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'shop-1', use: 'enc' }],
    ['a key without an id', { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }],
  ])('leave out %s', async (_what, key) => {
    const { served, keys } = await start();
    served.answer = () => ({ status: 200, body: JSON.stringify({ keys: [key] }) });
    expect(await keys.find('shop-1')).toBeUndefined();
  });

  it('are none without an address', async () => {
    expect(await createSigningKeys({ urls: [], log: silent }).find('shop-1')).toBeUndefined();
  });
});
