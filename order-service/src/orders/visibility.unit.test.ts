import type { Principal, Role } from '@shop/chassis/edge/principal.ts';
import { isVisible, visibleOwner } from './visibility.ts';

const machine = (...groups: string[]): Principal => ({ kind: 'machine', clientId: 'client-1', groups });
const signedIn = { accountId: 'account-1', sessionId: 'session-1', expiresAt: new Date() };
const shopper: Principal = { kind: 'shopper', ...signedIn };
const staff = (...roles: Role[]): Principal => ({ kind: 'staff', ...signedIn, roles });

it.each([
  ['a storefront', machine('storefront'), { clientId: 'client-1' }],
  ['a client without a known group', machine('partners'), { clientId: 'client-1' }],
  ['back office', machine('backoffice'), undefined],
  ['operations', machine('operations'), undefined],
  ['a storefront that is back office too', machine('storefront', 'backoffice'), undefined],
  ['a shopper', shopper, { clientId: 'web', customerId: 'account-1' }],
  ['staff of the back office', staff('backoffice'), undefined],
  ['staff of operations', staff('operations'), undefined],
  ['staff without a role', staff(), { clientId: 'staff:account-1' }],
  ['a service', { kind: 'service', name: 'web' } as const, { clientId: 'web' }],
])('shows %s the orders of the right owner', (_case, principal, owner) => {
  expect(visibleOwner(principal)).toEqual(owner);
});

it.each([
  ['its own order', 'web', 'account-1', true],
  ['the order of another shopper', 'web', 'account-2', false],
  ['the order of a machine for a customer of its name', 'client-1', 'account-1', false],
])('decides whether a shopper sees %s', (_case, clientId, customerId, visible) => {
  expect(isVisible({ clientId, customerId }, shopper)).toBe(visible);
});

it('shows a machine its orders of any customer', () => {
  expect(isVisible({ clientId: 'client-1', customerId: 'account-2' }, machine('storefront'))).toBe(true);
});
