import { sku } from '@shop/chassis/contract/sku.ts';
import { pageOf, problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import { linksTo, nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { productView } from './product.ts';
import { createProductBody, listQuery, renameProductBody } from './products.routes.ts';

/** The product of the examples. */
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

const ofAProduct = ['readProduct', 'renameProduct', 'adjustStock', 'countStock', 'listMovements'];

/** The operations on products. */
export const productOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/products',
    operationId: 'createProduct',
    route: 'products-create',
    summary: 'Create a product without stock',
    description: 'Orders for it are rejected until units are added to its stock.',
    tag: 'products',
    groups: ['backoffice'],
    body: { schema: createProductBody, example: { sku: mug.sku, name: mug.name } },
    answers: [
      {
        ...success(201, 'The product was created.', productView, newMug),
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
    description:
      'With `sku`, the list has one product or none. With `sort=available`, the products with the fewest available units come ' +
      'first; a product whose units change between two pages can be in both or in none. From a storefront, `sort` is a 400.',
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
    summary: 'Read a product and its current stock',
    description: '`available` is `onHand` minus `reserved`. It can change at any time: only an order reserves units.',
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
    description: 'The SKU of a product cannot change. To change its stock, use adjustments.',
    tag: 'products',
    groups: ['backoffice'],
    parameters: { sku },
    body: { schema: renameProductBody, example: { name: 'Mug, dark blue' } },
    answers: [
      {
        ...success(200, 'The product was renamed.', productView, {
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
