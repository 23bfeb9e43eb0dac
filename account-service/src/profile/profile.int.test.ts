import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  asStaff,
  createAccount,
  startOnOwnDatabase,
  startUntilEnd,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
let asAda: Record<string, string>;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  ada = await createAccount(service, database.pool);
  asAda = await asShopper(ada);
});

const read = () => request(service.http).get('/accounts/me').set(asAda);
const change = (body: unknown, ifMatch: string | undefined, key: string = randomUUID(), at = service) => {
  const call = request(at.http)
    .patch('/accounts/me')
    .set({ ...asAda, 'idempotency-key': key });
  return (ifMatch === undefined ? call : call.set('if-match', ifMatch)).send(body as object);
};

describe('GET /accounts/me', () => {
  it('is the account of the person, with its version', async () => {
    const { body, headers } = await read().expect(200);
    expect(body).toEqual({ id: ada, email: 'ada@example.org', name: 'Ada', locale: 'en', roles: [], version: 2 });
    expect(headers.etag).toBe('"2"');
    await read().set('if-none-match', '"2"').expect(304);
  });

  it('is for staff too, and the account of each', async () => {
    const eve = await createAccount(service, database.pool, 'eve@example.org');
    const { body } = await request(service.http)
      .get('/accounts/me')
      .set(await asStaff(eve, []))
      .expect(200);
    expect(body.email).toBe('eve@example.org');
  });

  it('is 401 without a token, and for a token of an account that is gone', async () => {
    const { authorization, ...anyone } = asAda;
    expect((await request(service.http).get('/accounts/me').set(anyone).expect(401)).body.code).toBe('not-signed-in');
    const gone = await asShopper(randomUUID());
    expect((await request(service.http).get('/accounts/me').set(gone).expect(401)).body.code).toBe('session-ended');
  });
});

describe('PATCH /accounts/me', () => {
  it('changes what is named, and leaves the rest', async () => {
    expect((await change({ locale: 'de-AT' }, '"2"').expect(200)).body).toMatchObject({ name: 'Ada', locale: 'de-AT' });
    expect((await change({ name: 'Countess' }, '"3"').expect(200)).body).toMatchObject({
      ...{ name: 'Countess', locale: 'de-AT', version: 4 },
    });
    expect((await read().expect(200)).headers.etag).toBe('"4"');
  });

  it('has one effect for a repeat after a lost answer, and for twins in two processes', async () => {
    const first = await change({ name: 'Countess' }, '"2"', 'k').expect(200);
    const again = await change({ name: 'Countess' }, '"2"', 'k').expect(200);
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    const other = startUntilEnd(database.pool);
    const twins = await Promise.all([change({ name: 'Ada' }, '"3"', 't'), change({ name: 'Ada' }, '"3"', 't', other)]);
    expect(twins.map(({ status, body }) => [status, body.version])).toEqual([
      [200, 4],
      [200, 4],
    ]);
  });

  it('lets one of two changes of the same version win; the other is 412 and sees it', async () => {
    const both = await Promise.all([change({ name: 'One' }, '"2"'), change({ name: 'Two' }, '"2"')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const [won, lost] = both.sort((a, b) => a.status - b.status);
    expect(lost?.body).toMatchObject({ code: 'stale-version', current: won?.body });
    expect((await read()).body).toEqual(won?.body);
  });

  it('leaves the key free after 412, for the change that is based on the present version', async () => {
    await change({ locale: 'fr' }, '"2"').expect(200);
    await change({ name: 'Countess' }, '"2"', 'k').expect(412);
    await change({ name: 'Countess' }, '"3"', 'k').expect(200);
  });

  it('is 200 and no change where the wish is true already, however old the version', async () => {
    expect((await change({ name: 'Ada' }, '"1"').expect(200)).body.version).toBe(2);
    await change({ name: 'Ada' }, '*').expect(200);
  });

  it('needs a version and a key, in the order of the checks', async () => {
    expect((await change({ name: 'B' }, undefined).expect(428)).body.code).toBe('precondition-required');
    expect((await change({ name: '' }, undefined).expect(400)).body.code).toBe('validation-failed');
    const keyless = request(service.http).patch('/accounts/me').set(asAda).set('if-match', '"2"').send({});
    expect((await keyless.expect(400)).body.code).toBe('idempotency-key-missing');
    await change({ name: 'B' }, '"2"', 'k').expect(200);
    expect((await change({ name: 'C' }, '"3"', 'k').expect(422)).body.code).toBe('idempotency-key-reused');
  });

  it('keeps names as they are, markup and any script included', async () => {
    for (const [index, name] of ['<script>alert(1)</script>', 'Łukasz 李 👩‍🚀', 'ʿAbd al-Raḥmān', '"; --'].entries()) {
      expect((await change({ name }, `"${index + 2}"`).expect(200)).body.name).toBe(name);
    }
  });

  it.each([
    ['nothing', {}],
    ['no object', []],
    ['a control character', { name: 'Ada\u0000' }],
    ['half a character', { name: '\ud83d' }],
    ['a name that is too long', { name: 'a'.repeat(201) }],
    ['no name', { name: null }],
    ['a locale that is none', { locale: '../de' }],
    ['a mail address', { email: 'eve@example.org' }],
    ['roles', { roles: ['operations'] }],
    ['a version', { name: 'Eve', version: 7 }],
  ])('refuses %s', async (_what, body) => {
    expect((await change(body, '"2"').expect(400)).body.code).toBe('validation-failed');
    expect((await read()).body.version).toBe(2);
  });

  it('is 401 for an account that is gone', async () => {
    asAda = await asShopper(randomUUID());
    expect((await change({ name: 'Eve' }, '*').expect(401)).body.code).toBe('session-ended');
  });
});
