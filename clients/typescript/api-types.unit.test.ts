import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../../services.ts';
import { API_TYPES, makeApiTypes, mergeDocuments, type OpenApiDocument } from './api-types.ts';
import { createClient } from './src/client.ts';
import { scriptedFetch } from './src/scripted-fetch.ts';

const root = join(__dirname, '../..');
const documents: OpenApiDocument[] = services.map(({ openapi }) =>
  JSON.parse(readFileSync(join(root, openapi), 'utf8')),
);

it('the types are those of the documents', () => {
  if (readFileSync(join(root, API_TYPES), 'utf8') === makeApiTypes(root, documents)) return;
  throw new Error(`${API_TYPES} has drifted from the services' documents. Make it again with: npm run client-types`);
});

it('two documents cannot mean different things by one name', () => {
  const document = (type: string): OpenApiDocument => ({ paths: {}, components: { schemas: { Sku: { type } } } });
  expect(() => mergeDocuments([document('string'), document('string')])).not.toThrow();
  expect(() => mergeDocuments([document('string'), document('number')])).toThrow('describe Sku in two ways');
});

it('there is a function for each operation of the documents', async () => {
  const { fetch, sent } = scriptedFetch({ status: 200, body: { items: [] } });
  const client = createClient({ baseUrl: 'http://shop.test', fetch });
  const { accounts, orders, products, sessions } = client;
  await accounts.signUp({ email: 'ada@example.org', locale: 'en' });
  await accounts.verify({ token: 't', password: 'p', name: 'n' });
  await accounts.requestPasswordReset({ email: 'ada@example.org' });
  await accounts.resetPassword({ token: 't', password: 'p' });
  await accounts.lookUp({ email: 'ada@example.org' });
  await accounts.get('ID');
  await accounts.keySet();
  for await (const _ of accounts.staff()) void _;
  const { me } = client;
  await me.get();
  await me.change({ name: 'n' }, 1);
  await me.changePassword({ current: 'c', password: 'p' });
  await me.requestEmailChange({ email: 'ada@example.org', password: 'p' });
  await me.confirmEmailChange({ token: 't' });
  await me.orders().page();
  await me.dashboard();
  await me.export();
  await me.delete(1);
  const address = { name: 'n', street: 's', postalCode: 'p', city: 'c', country: 'AT' };
  await me.addresses.add(address);
  await me.addresses.list();
  await me.addresses.get('ID');
  await me.addresses.replace('ID', address, 1);
  await me.addresses.delete('ID', 1);
  await sessions.signIn({ email: 'ada@example.org', password: 'p' });
  await sessions.refresh();
  await sessions.signOut();
  await sessions.signOutEverywhere();
  await orders.place({ customerId: 'c', currency: 'EUR', lines: [] });
  await orders.list().page();
  await orders.get('ID');
  await orders.timeline('ID');
  await orders.cancel('ID');
  await orders.ship('ID', { carrier: 'c', trackingNumber: 't' });
  await orders.deliver('ID');
  await products.create({ sku: 'SKU', name: 'n' });
  await products.list().page();
  await products.get('SKU');
  await products.rename('SKU', { name: 'n' });
  await products.adjust('SKU', { delta: 1, reason: 'r' });
  await products.adjustAll({ adjustments: [] });
  await products.count('SKU', { counted: 1, expected: 2 });
  await products.movements('SKU').page();
  await client.notifications.list({ state: 'unknown' }).page();
  await client.notifications.get('ID');
  await client.orderWait('ID');
  await client.reservation('ID');
  for (const service of ['orders', 'inventory', 'accounts', 'notifications'] as const) {
    const of = client.operations(service);
    await of.deadLetters().page();
    await of.deadLetterGroups();
    await of.deadLetter('ID');
    await of.replay('ID');
    await of.discard('ID', { reason: 'r' });
    await of.replayGroup({ group: 'g' });
    if (service !== 'notifications') {
      await of.reconciliation();
      await of.reconcile();
    }
    const stream = of.stream({ signal: AbortSignal.timeout(20) });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow('timeout');
    await client.health(service);
    await client.document(service);
  }
  const called = sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
  const described = documents.flatMap(({ paths }) =>
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace('{id}', 'ID').replace('{sku}', 'SKU')}`,
      ),
    ),
  );
  expect(called.sort()).toEqual(described.sort());
});
