import fc from 'fast-check';
import { canonicalJson, fingerprint } from './fingerprint.ts';

const request = { method: 'POST', route: '/orders/:id/shipment', parameters: { id: '1' }, body: { a: 1, b: [2, 3] } };

describe('fingerprint', () => {
  it('does not depend on the order of members', () => {
    expect(fingerprint({ ...request, body: { b: [2, 3], a: 1 } })).toEqual(fingerprint(request));
  });

  it.each([
    ['the method', { method: 'PATCH' }],
    ['the route', { route: '/orders/:id/delivery' }],
    ['the target', { parameters: { id: '2' } }],
    ['the body', { body: { a: 1, b: [3, 2] } }],
  ])('depends on %s', (_what, change) => {
    expect(fingerprint({ ...request, ...change })).not.toEqual(fingerprint(request));
  });
});

describe('canonicalJson', () => {
  it('means the same as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    );
  });
});
