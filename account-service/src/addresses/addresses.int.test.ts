import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  createAccount,
  startOnOwnDatabase,
  startUntilEnd,
} from '../../test/test-app.ts';
import { removeExpired } from '../remove-expired.ts';

let database: TestDatabase;
let service: AccountService;
let asAda: Record<string, string>;
let asEve: Record<string, string>;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  asAda = await asShopper(await createAccount(service, database.pool));
  asEve = await asShopper(await createAccount(service, database.pool, 'eve@example.org'));
});

const home = { name: 'Ada', street: 'St James’s Square 12', postalCode: 'SW1Y 4JH', city: 'London', country: 'GB' };
const work = { ...home, street: 'Dorset Street 1' };
const add = (body: object, key: string = randomUUID(), at = service) =>
  request(at.http)
    .post('/accounts/me/addresses')
    .set({ ...asAda, 'idempotency-key': key })
    .send(body);
const added = async (body: object = home) => (await add(body).expect(201)).body as typeof home & { id: string };
const get = (id: string, as = asAda) => request(service.http).get(`/accounts/me/addresses/${id}`).set(as);
const put = (id: string, body: object, ifMatch = '*', as = asAda) =>
  request(service.http)
    .put(`/accounts/me/addresses/${id}`)
    .set({ ...as, 'if-match': ifMatch })
    .send(body);
const remove = (id: string, ifMatch = '*', as = asAda) =>
  request(service.http)
    .delete(`/accounts/me/addresses/${id}`)
    .set({ ...as, 'if-match': ifMatch });
const listed = async (as = asAda) => (await request(service.http).get('/accounts/me/addresses').set(as)).body.items;

describe('POST /accounts/me/addresses', () => {
  it('adds an address, which is then read and listed', async () => {
    const { body, headers } = await add(home).expect(201);
    expect(body).toEqual({ id: expect.any(String), ...home, version: 1 });
    expect(headers.location).toBe(`/accounts/me/addresses/${body.id}`);
    const found = await get(body.id).expect(200);
    expect([found.body, found.headers.etag]).toEqual([body, '"1"']);
    const second = await added(work);
    expect((await listed()).map(({ id }: { id: string }) => id)).toEqual([body.id, second.id]);
  });

  it('adds one for a repeat after a lost answer, and for twins in two processes', async () => {
    const first = await add(home, 'k').expect(201);
    const again = await add(home, 'k').expect(201);
    expect([again.text, again.headers.location]).toEqual([first.text, first.headers.location]);
    const other = startUntilEnd(database.pool);
    const twins = await Promise.all([add(work, 't'), add(work, 't', other)]);
    expect(new Set(twins.map(({ text }) => text)).size).toBe(1);
    expect(await listed()).toHaveLength(2);
    expect((await add(work, 'k').expect(422)).body.code).toBe('idempotency-key-reused');
  });

  it('adds twenty, also at once, and refuses one more until one is deleted', async () => {
    const answers = await Promise.all(Array.from({ length: 22 }, () => add(home)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    expect(answers.find(({ status }) => status !== 201)?.body).toMatchObject({
      status: 409,
      code: 'address-book-full',
    });
    const [first] = await listed();
    await remove(first.id).expect(204);
    await add(home).expect(201);
  });

  it.each([
    ['nothing', {}],
    ['no street', { ...home, street: undefined }],
    ['an empty city', { ...home, city: '' }],
    ['a control character', { ...home, name: 'Ada\r\nLovelace' }],
    ['too much text', { ...home, street: 'a'.repeat(201) }],
    ['an id', { ...home, id: randomUUID() }],
  ])('refuses %s', async (_what, body) => {
    expect((await add(body).expect(400)).body.code).toBe('validation-failed');
    expect(await listed()).toEqual([]);
  });

  it('takes addresses of any country as they are', async () => {
    const address = {
      name: '山田 太郎 <b>',
      street: '丸の内1丁目9-1',
      postalCode: '〒100-0005',
      city: '東京',
      country: '日本',
    };
    expect(await added(address)).toMatchObject(address);
  });
});

describe('PUT of an address', () => {
  it('replaces it and raises its version; a repeat is stale and answered the same', async () => {
    const { id } = await added();
    const first = await put(id, work, '"1"').expect(200);
    expect(first.body).toEqual({ id, ...work, version: 2 });
    expect((await put(id, work, '"1"').expect(200)).text).toBe(first.text);
    expect((await put(id, home, '"1"').expect(412)).body).toMatchObject({ code: 'stale-version', current: first.body });
    expect((await get(id)).body).toEqual(first.body);
  });

  it('lets one of two at once win', async () => {
    const { id } = await added();
    const both = await Promise.all([put(id, work, '"1"'), put(id, { ...home, city: 'Marylebone' }, '"1"')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('needs a version, all members, and an address', async () => {
    const { id } = await added();
    const unconditional = request(service.http).put(`/accounts/me/addresses/${id}`).set(asAda).send(work);
    expect((await unconditional.expect(428)).body.code).toBe('precondition-required');
    expect((await put(id, { ...work, city: undefined }).expect(400)).body.code).toBe('validation-failed');
    expect((await put(id, work, '1').expect(400)).body.errors).toMatchObject([{ pointer: '/If-Match' }]);
    for (const unknown of [randomUUID(), 'x']) {
      expect((await put(unknown, work).expect(404)).body.code).toBe('address-not-found');
    }
  });
});

describe('DELETE of an address', () => {
  it('removes it, and answers a repeat the same', async () => {
    const { id } = await added();
    expect((await remove(id, '"1"').expect(204)).text).toBe('');
    await remove(id, '"1"').expect(204);
    expect(await listed()).toEqual([]);
    await get(id).expect(404);
    await put(id, home).expect(404);
    const { rows } = await database.pool.query('SELECT name, street, postal_code, city, country FROM addresses');
    expect(rows).toEqual([{ name: null, street: null, postal_code: null, city: null, country: null }]);
  });

  it('needs the present version', async () => {
    const { id } = await added();
    await put(id, work, '"1"').expect(200);
    expect((await remove(id, '"1"').expect(412)).body).toMatchObject({
      code: 'stale-version',
      current: { version: 2 },
    });
    await request(service.http).delete(`/accounts/me/addresses/${id}`).set(asAda).expect(428);
    await remove(id, '"2"').expect(204);
  });

  it('forgets the id after three days', async () => {
    const { id } = await added();
    await remove(id).expect(204);
    await removeExpired(database.pool, new Date(Date.now() + 71 * 3_600_000));
    await remove(id).expect(204);
    await removeExpired(database.pool, new Date(Date.now() + 73 * 3_600_000));
    expect((await remove(id).expect(404)).body.code).toBe('address-not-found');
  });
});

it('never shows the addresses of one account to another', async () => {
  const { id } = await added();
  expect(await listed(asEve)).toEqual([]);
  for (const call of [get(id, asEve), put(id, work, '*', asEve), remove(id, '*', asEve)]) {
    expect((await call.expect(404)).body.code).toBe('address-not-found');
  }
  await remove(id).expect(204);
  await remove(id, '*', asEve).expect(404);
});

it('is 401 for an account that is gone', async () => {
  const { id } = await added();
  asAda = await asShopper(randomUUID());
  const list = request(service.http).get('/accounts/me/addresses').set(asAda);
  for (const call of [list, get(id), put(id, work), remove(id), add(home)]) {
    expect((await call.expect(401)).body.code).toBe('session-ended');
  }
});
