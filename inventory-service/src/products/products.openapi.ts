import { sku } from '@shop/chassis/contract/sku.ts';
import { pageOf, problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import { linksTo, nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { productView } from './product.ts';
import { createProductBody, listQuery, renameProductBody } from './products.routes.ts';

/** What examples show. */
export const mug = {
  sku: 'MUG-BLUE',
  name: 'Mug, blue',
  onHand: 100,
  reserved: 2,
  available: 98,
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-05T09:00:00.000Z',
};
const newMug = { ...mug, onHand: 0, reserved: 0, available: 0 };

export const notFound = problemAnswer('product-not-found');
const exists = problemAnswer('product-exists', { members: { sku } });

const ofAProduct = ['readProduct', 'renameProduct', 'adjustStock', 'listMovements'];

/** `/products`, as clients see it. */
export const productOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/products',
    operationId: 'createProduct',
    route: 'products-create',
    summary: 'Make a product, without stock',
    description: 'Orders for it are rejected until units are put into stock.',
    tag: 'products',
    groups: ['backoffice'],
    body: { schema: createProductBody, example: { sku: mug.sku, name: mug.name } },
    answers: [
      {
        ...success(201, 'Made.', productView, newMug),
        headers: { Location: true, 'Idempotent-Replayed': false },
      },
      exists,
    ],
    links: linksTo(ofAProduct, 'sku', '/sku'),
  },
  {
    method: 'get',
    path: '/products',
    operationId: 'listProducts',
    route: 'products-list',
    summary: 'List products, in byte order of their SKUs',
    description: '`sku` finds one product, or none.',
    tag: 'products',
    groups: ['storefront', 'backoffice', 'operations'],
    query: listQuery,
    answers: [success(200, 'A page.', pageOf(productView), { items: [mug] })],
    links: { ...linksTo(ofAProduct, 'sku', '/items/0/sku'), ...nextPage('listProducts') },
  },
  {
    method: 'get',
    path: '/products/{sku}',
    operationId: 'readProduct',
    route: 'products-read',
    summary: 'Read a product with its stock as it is now',
    description: '`available` may be gone the next moment: only an order reserves. It is `onHand` less `reserved`.',
    tag: 'products',
    groups: ['storefront', 'backoffice', 'operations'],
    parameters: { sku },
    answers: [success(200, 'The product.', productView, mug), notFound],
  },
  {
    method: 'patch',
    path: '/products/{sku}',
    operationId: 'renameProduct',
    route: 'products-rename',
    summary: 'Rename a product',
    description: 'Its SKU never changes, and its stock is changed by adjustments.',
    tag: 'products',
    groups: ['backoffice'],
    parameters: { sku },
    body: { schema: renameProductBody, example: { name: 'Mug, dark blue' } },
    answers: [
      {
        ...success(200, 'Renamed.', productView, {
          ...mug,
          name: 'Mug, dark blue',
          updatedAt: '2026-01-05T12:00:00.000Z',
        }),
        headers: { 'Idempotent-Replayed': false },
      },
      notFound,
    ],
  },
];
