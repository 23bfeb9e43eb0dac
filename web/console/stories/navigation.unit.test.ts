import { navigationOf } from './navigation.ts';

const pages = [
  { path: '/orders', navigation: { title: 'Orders' } },
  { path: '/orders/$order' },
  { path: '/accounts', navigation: { title: 'Accounts', role: 'backoffice' } },
];

it.each([
  [['operations'], ['/orders']],
  [
    ['operations', 'backoffice'],
    ['/orders', '/accounts'],
  ],
  [[], ['/orders']],
])('shows %j the pages %j', (roles, paths) => {
  expect(navigationOf(pages, roles).map(({ path }) => path)).toEqual(paths);
});
