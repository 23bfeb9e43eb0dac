import { randomUUID } from 'node:crypto';
import { createTokenIssuer } from '../../testing/token-issuer.ts';
import { createTokenVerifier } from './token-verifier.ts';

const issuer = createTokenIssuer();
const account = randomUUID();
const seconds = () => Math.floor(Date.now() / 1000);

describe('a token that was verified before', () => {
  it('identifies the same person, for its own kind of caller only', async () => {
    const verify = createTokenVerifier(issuer.signingKeys);
    const token = await issuer.shopper(account);
    const first = await verify(token, 'shopper');
    expect(first).toMatchObject({ person: { kind: 'shopper', accountId: account } });
    expect(await verify(token, 'shopper')).toBe(first);
    expect(await verify(token, 'staff')).toEqual({ kind: 'invalid' });
    expect(await verify(`${token}x`, 'shopper')).toEqual({ kind: 'invalid' });
  });

  it('ends with its exp', async () => {
    const verify = createTokenVerifier(issuer.signingKeys);
    // By the skew that is allowed, it is valid for a moment.
    const token = await issuer.shopper(account, { claims: { exp: seconds() - 28 } });
    expect(await verify(token, 'shopper')).toMatchObject({ kind: 'valid' });
    jest.useFakeTimers({
      now: (seconds() + 3) * 1000,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'performance'],
    });
    expect(await verify(token, 'shopper')).toMatchObject({ kind: 'expired' });
    jest.useRealTimers();
  });

  it('ends with its key', async () => {
    const known = new Set(['shop-1']);
    const find = async (kid: string) => (known.has(kid) ? issuer.signingKeys.find(kid) : undefined);
    const verify = createTokenVerifier({ find });
    const token = await issuer.shopper(account);
    expect(await verify(token, 'shopper')).toMatchObject({ kind: 'valid' });
    known.clear();
    expect(await verify(token, 'shopper')).toEqual({ kind: 'invalid' });
  });

  it('is verified again after a minute', async () => {
    let time = 0;
    const verify = createTokenVerifier(issuer.signingKeys, () => time);
    const token = await issuer.shopper(account);
    const first = await verify(token, 'shopper');
    time = 59_000;
    expect(await verify(token, 'shopper')).toBe(first);
    time = 60_001;
    const again = await verify(token, 'shopper');
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });
});
