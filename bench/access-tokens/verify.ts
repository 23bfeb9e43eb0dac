/**
 * Processor time of verifying an access token: `node bench/access-tokens/verify.ts`. Many different tokens, each for the first time,
 * and one token again and again, as the calls of a page are.
 */
import { randomUUID } from 'node:crypto';
import { createTokenVerifier } from '@shop/chassis/edge/people/token-verifier.ts';
import { createTokenIssuer } from '@shop/chassis/testing/token-issuer.ts';

const TOKENS = 2_000;
// Before the engine has compiled what is called often, it measures that.
const WARM_UP = 500;

const issuer = createTokenIssuer();
const imported = new Map(
  await Promise.all(issuer.published.map(async ({ kid }) => [kid, await issuer.signingKeys.find(kid)] as const)),
);
const verify = createTokenVerifier({ find: async (kid) => imported.get(kid) });
const tokens = await Promise.all(Array.from({ length: TOKENS + WARM_UP }, () => issuer.shopper(randomUUID())));
const again = await issuer.shopper(randomUUID());

await measure(tokens.slice(0, WARM_UP));
console.log(`each for the first time: ${await measure(tokens.slice(WARM_UP))} ms of processor time`);
console.log(`one token again:         ${await measure(Array(TOKENS).fill(again))} ms of processor time`);

/** Milliseconds for each, of all threads of this process. */
async function measure(batch: readonly string[]): Promise<string> {
  const before = process.cpuUsage();
  for (const token of batch) {
    if ((await verify(token, 'shopper')).kind !== 'valid') throw new Error('a token was refused');
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 / batch.length).toFixed(3);
}
