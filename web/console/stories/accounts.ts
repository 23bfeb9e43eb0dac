/** What the console says of accounts. Pure. */
import type { Schemas } from '@shop/client';
import type { Words } from '../../shared/words/words.ts';

export type AccountRecord = Schemas['AccountRecord'];

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// The service judges it; this only tells it from other things that people search.
const MAIL_ADDRESS = /^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/;

/** Whether it can be the id of an account. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** Whether it can be a mail address. */
export function isMailAddress(text: string): boolean {
  return MAIL_ADDRESS.test(text);
}

/** The account of a person who did something; undefined: it was a client or a service. */
export function accountOfActor(actor: string): string | undefined {
  const [, id] = /^(?:staff|shopper):(.+)$/.exec(actor) ?? [];
  return id !== undefined && isId(id) ? id : undefined;
}

/** The heading of an account: what people call it. */
export function accountTitle({ name, email, status }: AccountRecord, words: Words['accounts']): string {
  return name ?? email ?? (status === 'deleted' ? words.deletedAccount : words.account);
}

/** What the account is, in a sentence. */
export function accountSentence({ status, roles }: AccountRecord, words: Words['accounts']): string {
  if (status === 'deleted') return words.sayDeleted;
  const list = roles.join(', ');
  if (status === 'unverified') return list === '' ? words.sayUnverified : words.sayInvited(list);
  return list === '' ? words.sayShopper : words.sayStaff(list);
}
