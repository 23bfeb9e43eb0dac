import { type Answer, problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import { linksTo, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { sessionEnded } from '../profile/profile.openapi.ts';
import { addressView, postalAddress } from './address.ts';
import { MAX_ADDRESSES } from './change-addresses.ts';

const sent = {
  name: 'Ada Lovelace',
  street: 'St James’s Square 12',
  postalCode: 'SW1Y 4JH',
  city: 'London',
  country: 'GB',
};
/** The address of the examples. */
export const home = { id: '0195f0a0-0000-7000-8000-000000000002', ...sent, version: 1 };
const moved = { ...home, street: 'Hanover Square 5', version: 2 };

const addressId = z.uuid().meta({ description: 'Id of the address' });
const notFound = problemAnswer('address-not-found');
const addressList = z.strictObject({ items: z.array(addressView).max(MAX_ADDRESSES) }).meta({ id: 'AddressList' });
const deleted: Answer = {
  status: 204,
  description: 'The address is deleted, by this request or before.',
  examples: {},
};

const common = { tag: 'addresses', groups: [], people: ['shopper', 'staff'] } as const;
const versioned = { schema: addressView, example: home };
const parameters = { id: addressId };
const ofAnAddress = ['readAddress', 'replaceAddress', 'deleteAddress'];

/** The addresses of the own account. */
export const addressOperations: readonly Operation[] = [
  {
    ...common,
    method: 'post',
    path: '/accounts/me/addresses',
    operationId: 'createAddress',
    route: 'addresses-create',
    summary: 'Add an address',
    description: `An account has at most ${MAX_ADDRESSES}. Only presence and length of the members are checked.`,
    body: { schema: postalAddress, example: sent },
    answers: [
      {
        ...success(201, 'The address was added.', addressView, home),
        headers: { Location: true, 'Idempotent-Replayed': false },
      },
      sessionEnded,
      problemAnswer('address-book-full'),
    ],
    links: linksTo(ofAnAddress, 'id', '/id'),
  },
  {
    ...common,
    method: 'get',
    path: '/accounts/me/addresses',
    operationId: 'listAddresses',
    route: 'addresses-list',
    summary: 'List the addresses, oldest first',
    description: 'All of them: there are no pages.',
    answers: [success(200, 'The addresses.', addressList, { items: [home] }), sessionEnded],
    links: linksTo(ofAnAddress, 'id', '/items/0/id'),
  },
  {
    ...common,
    method: 'get',
    path: '/accounts/me/addresses/{id}',
    operationId: 'readAddress',
    route: 'addresses-read',
    summary: 'Read an address',
    description: 'One of the own account.',
    parameters,
    versioned,
    answers: [success(200, 'The address.', addressView, home), sessionEnded, notFound],
  },
  {
    ...common,
    method: 'put',
    path: '/accounts/me/addresses/{id}',
    operationId: 'replaceAddress',
    route: 'addresses-replace',
    summary: 'Replace an address',
    description: 'Orders that were placed keep the address that they had.',
    parameters,
    body: { schema: postalAddress, example: { ...sent, street: moved.street } },
    versioned,
    answers: [success(200, 'The address, as it is now.', addressView, moved), sessionEnded, notFound],
  },
  {
    ...common,
    method: 'delete',
    path: '/accounts/me/addresses/{id}',
    operationId: 'deleteAddress',
    route: 'addresses-delete',
    summary: 'Delete an address',
    description: 'A repeat is answered the same for 72 hours; after that the id is unknown.',
    parameters,
    versioned,
    answers: [deleted, sessionEnded, notFound],
  },
];
