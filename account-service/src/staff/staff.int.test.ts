import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asClient,
  asShopper,
  asStaff,
  createAccount,
  masterKey,
  startOnOwnDatabase,
} from '../../test/test-app.ts';
import { addStaff, setStaffRoles } from './change-staff.ts';
import { databaseTime } from './staff.sql.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const OPERATIONS = asClient('operations-1', 'operations');
const list = (query = '', as = OPERATIONS) => request(service.http).get(`/operations/accounts/staff${query}`).set(as);
const invite = async (email: string) =>
  addStaff({ pool: database.pool, masterKey }, { email, roles: ['operations'] }, await databaseTime(database.pool));
const emailsIn = (items: { email: string }[]) => items.map(({ email }) => email);

it('lists everybody with a role by mail address, in pages, and no shopper', async () => {
  await createAccount(service, database.pool);
  for (const name of ['kim', 'grace', 'bob']) await invite(`${name}@example.org`);
  const { body: first } = await list('?limit=2').expect(200);
  expect(emailsIn(first.items)).toEqual(['bob@example.org', 'grace@example.org']);
  expect(first.items[0]).toMatchObject({ status: 'unverified', roles: ['operations'] });
  const { body: second } = await list(`?limit=2&cursor=${first.nextCursor}`).expect(200);
  expect([emailsIn(second.items), second.nextCursor]).toEqual([['kim@example.org'], undefined]);
});

it('does not list whose roles were taken away', async () => {
  await invite('bob@example.org');
  const now = await databaseTime(database.pool);
  await setStaffRoles({ pool: database.pool }, { email: 'bob@example.org', roles: [] }, now);
  expect((await list().expect(200)).body).toEqual({ items: [] });
});

it('refuses a cursor of another list', async () => {
  expect((await list('?cursor=YWJj').expect(400)).body.code).toBe('validation-failed');
});

it('is for staff of either role, and not for shoppers', async () => {
  for (const role of ['backoffice', 'operations'] as const)
    await list('', await asStaff(randomUUID(), [role])).expect(200);
  expect((await list('', await asShopper(randomUUID())).expect(403)).body.code).toBe('forbidden');
});
