import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { type AccountService, masterKey, PASSWORD, post, startOnOwnDatabase } from '../../test/test-app.ts';
import { addStaff, setStaffRoles } from './change-staff.ts';
import { databaseTime, findStaff } from './staff.sql.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const email = 'grace@example.org';
const add = async (...roles: ('backoffice' | 'operations')[]) =>
  addStaff({ pool: database.pool, masterKey }, { email, roles }, await databaseTime(database.pool));
const set = async (...roles: ('backoffice' | 'operations')[]) =>
  setStaffRoles({ pool: database.pool }, { email, roles }, await databaseTime(database.pool));
const verify = (token = '') =>
  post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Grace' }, { 'x-caller': 'staff' });

describe('a member of staff', () => {
  it('is invited with a token, which may be asked for again, and signs in with it', async () => {
    const [first, again] = [await add('operations'), await add('operations')];
    expect(first).toMatchObject({ email, roles: ['operations'], status: 'unverified', token: expect.any(String) });
    expect(again.token).not.toBe(first.token);
    const { body } = await verify(first.token).expect(201);
    expect(body).toMatchObject({ account: { email, roles: ['operations'] }, expiresIn: 300 });
    await verify(again.token).expect(400);
  });

  it('with an account has the roles at once, and no token', async () => {
    await verify((await add('operations')).token).expect(201);
    const added = await add('backoffice');
    expect([added.roles, added.token]).toEqual([['backoffice', 'operations'], undefined]);
  });

  it('has exactly the roles that were set, and without any is none', async () => {
    await add('operations');
    expect((await set('backoffice')).roles).toEqual(['backoffice']);
    expect((await findStaff(database.pool)).map(({ roles }) => roles)).toEqual([['backoffice']]);
    await set();
    expect(await findStaff(database.pool)).toEqual([]);
  });

  it('is found whatever the case of the mail address, and needs an account to be changed', async () => {
    await expect(set('operations')).rejects.toThrow('no account');
    await add('operations');
    const now = await databaseTime(database.pool);
    await setStaffRoles({ pool: database.pool }, { email: 'GRACE@example.org', roles: [] }, now);
    expect(await findStaff(database.pool)).toEqual([]);
  });
});
