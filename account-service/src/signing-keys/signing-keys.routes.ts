import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { publishedKeys, type SigningKeysDeps } from './rotate-keys.ts';
import { toJwk } from './signing-key.ts';

export const keySetView = z
  .strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string().meta({ description: 'The public key, in base64url' }),
        kid: z
          .string()
          .meta({ description: 'Begins with the audience of the tokens that it signs: `shop-` or `console-`' }),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'KeySet' });

/** The public keys that verify access tokens. They are for everybody, so services read them without the gateway. */
export function signingKeysRoutes(deps: SigningKeysDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/.well-known/jwks.json', async (_req, res) => {
    const keys = await publishedKeys(deps);
    // Less than the time for which a key is published before it signs.
    res.set('Cache-Control', 'public, max-age=30');
    sendReply(res, toReply(200, { keys: keys.map(toJwk) } satisfies z.output<typeof keySetView>));
  });
  return router;
}
