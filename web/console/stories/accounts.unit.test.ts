import { wordsIn } from '../../shared/words/words.ts';
import { type AccountRecord, accountOfActor, accountSentence, accountTitle, isMailAddress } from './accounts.ts';

const words = wordsIn('en').accounts;
const id = '0195f0a0-0000-7000-8000-00000000000c';
const record = (more: Partial<AccountRecord>): AccountRecord => ({
  ...{ id, email: 'ada@example.org', name: 'Ada', locale: 'en', roles: [], status: 'active', version: 2 },
  ...{ createdAt: '2026-01-05T09:00:00.000Z', updatedAt: '2026-01-05T09:30:00.000Z' },
  ...more,
});

it.each([
  [`staff:${id}`, id],
  [`shopper:${id}`, id],
  ['order-service', undefined],
  ['storefront:1', undefined],
  ['staff:../../orders', undefined],
])('of the actor %j the account is %j', (actor, account) => {
  expect(accountOfActor(actor)).toBe(account);
});

it.each([
  [{}, 'A shopper.'],
  [{ roles: ['backoffice', 'operations'] }, 'A member of staff: backoffice, operations.'],
  [{ status: 'unverified', roles: ['operations'] }, 'Invited as staff (operations); the invitation has not been'],
  [{ status: 'unverified' }, 'Signed up; the link in the mail has not been used yet'],
  [{ status: 'deleted' }, 'Deleted by the person.'],
] as [Partial<AccountRecord>, string][])('says of %j “%s”', (more, sentence) => {
  expect(accountSentence(record(more), words)).toContain(sentence);
});

it('is called by its name, else by its mail address, else by its state', () => {
  expect(accountTitle(record({}), words)).toBe('Ada');
  expect(accountTitle(record({ name: undefined }), words)).toBe('ada@example.org');
  expect(accountTitle(record({ name: undefined, email: undefined, status: 'deleted' }), words)).toBe('Deleted account');
});

it.each([
  ['ada@example.org', true],
  ['ada', false],
  ['@example.org', false],
  ['a b@example.org', false],
  ['ada@example', false],
])('takes %j for a mail address: %j', (text, isOne) => {
  expect(isMailAddress(text)).toBe(isOne);
});
