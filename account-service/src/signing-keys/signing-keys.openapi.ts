import { success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { keySetView } from './signing-keys.routes.ts';

const key = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' };

/** `/.well-known/jwks.json`. */
export const signingKeyOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'readKeySet',
    route: 'accounts-key-set',
    summary: 'Read the public keys that verify access tokens',
    description:
      'A JSON Web Key Set (RFC 7517). A key is here before the first token that it signs, and until the last one has expired.',
    tag: 'signing keys',
    groups: [],
    answers: [
      {
        ...success(200, 'The keys, oldest first.', keySetView, {
          keys: [
            { ...key, x: 'EXAMPLE_PUBLIC_KEY_OF_THE_SHOP', kid: 'shop-0195f0a0-0000-7000-8000-000000000001' },
            { ...key, x: 'EXAMPLE_PUBLIC_KEY_OF_THE_CONSOLE', kid: 'console-0195f0a0-0000-7000-8000-000000000002' },
          ],
        }),
        headers: { 'Cache-Control': true },
      },
    ],
  },
];
