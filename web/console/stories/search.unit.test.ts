import { destinationOf } from './search.ts';

it.each([
  ['ORD-1024', { to: '/orders/ORD-1024' }],
  [' ord1024 ', { to: '/orders/ORD-1024' }],
  ['1024', { to: '/orders/ORD-1024' }],
  ['0199A2B4-0000-7000-8000-000000000001', { to: '/orders/0199a2b4-0000-7000-8000-000000000001' }],
  ['Ada@example.org', { to: '/accounts', state: { email: 'Ada@example.org' } }],
  ['ada', { to: '/orders', search: { customerId: 'ada' } }],
  ['   ', undefined],
])('%j leads to %j', (text, destination) => {
  expect(destinationOf(text)).toEqual(destination);
});
