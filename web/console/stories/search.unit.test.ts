import { destinationOf, isSku, skusIn } from './search.ts';

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

it('leads to the orders of a SKU if a product has it', () => {
  expect(destinationOf(' mug-blue ', 'MUG-BLUE')).toEqual({ to: '/orders', search: { sku: 'MUG-BLUE' } });
});

it.each([
  ['MUG-BLUE', ['MUG-BLUE']],
  [' mug-blue', ['mug-blue', 'MUG-BLUE']],
  ['1024', []],
  ['ORD-1024', []],
  ['0199A2B4-0000-7000-8000-000000000001', []],
  ['ada@example.org', []],
  ['two words', []],
  ['A/B', []],
  ['..', []],
  ['A'.repeat(65), []],
  ['', []],
])('%j may mean the SKUs %j', (text, skus) => {
  expect(skusIn(text)).toEqual(skus);
});

it.each(['A&B', 'MÜG', '.', ''])('%j is no SKU', (text) => {
  expect(isSku(text)).toBe(false);
});
