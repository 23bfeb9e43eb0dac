import type { Principal } from '@shop/chassis/edge/principal.ts';
import { visibleOwner } from './visibility.ts';

const machine = (...groups: string[]): Principal => ({ kind: 'machine', clientId: 'client-1', groups });

it.each([
  ['a storefront', machine('storefront'), 'client-1'],
  ['a client without a known group', machine('partners'), 'client-1'],
  ['back office', machine('backoffice'), undefined],
  ['operations', machine('operations'), undefined],
  ['a storefront that is back office too', machine('storefront', 'backoffice'), undefined],
  ['a service', { kind: 'service', name: 'web' } as const, 'web'],
])('shows %s the orders of the right owner', (_case, principal, owner) => {
  expect(visibleOwner(principal)).toBe(owner);
});
