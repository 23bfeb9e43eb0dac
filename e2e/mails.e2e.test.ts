/** Mails as they arrive: through the broker, notification-service and a real mail server, which keeps them. */
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { v7 as uuidv7 } from 'uuid';
import { type System, startSystem } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

interface Mail {
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
}

/** All mails in the inbox to this address. */
async function inbox(email: string): Promise<Mail[]> {
  const response = await fetch(`${system.env.MAILDEV_URL}/api/email`);
  const mails = (await response.json()) as (Mail & { to: { address: string }[] })[];
  return mails.filter(({ to }) => to.some(({ address }) => address === email));
}

/** The mails when there are this many, and no more for a while. */
async function mailsTo(email: string, count: number): Promise<Mail[]> {
  return eventually(async () => {
    const mails = await inbox(email);
    return mails.length >= count ? mails : undefined;
  });
}

const states = (email: string) =>
  withClient(system.env.ACCOUNT_DB_URL ?? '', async (accounts) => {
    const { rows } = await accounts.query('SELECT id FROM email_tokens WHERE email = $1', [email]);
    const ids = rows.map(({ id }) => id);
    return withClient(system.env.NOTIFICATION_DB_URL ?? '', async (notifications) => {
      const found = await notifications.query('SELECT state FROM notifications WHERE subject_id = ANY ($1::uuid[])', [
        ids,
      ]);
      return found.rows.map(({ state }) => state);
    });
  });

const signUp = async (email: string, locale = 'en') =>
  expect((await system.anonymous('POST', '/accounts', { email, locale })).status).toBe(202);
const tokenIn = ({ text }: Mail, page = 'welcome') => new RegExp(`/shop/${page}#([\\w-]+)$`, 'm').exec(text)?.[1];
const PASSWORD = 'correct horse battery staple';

it('brings the link with which the mailbox answers', async () => {
  const email = `${uuidv7()}@example.org`;
  await signUp(email);
  const [mail] = await mailsTo(email, 1);
  expect(mail?.subject).toBe('Confirm your mail address');
  expect(mail?.text).toContain(`${system.env.BASE_URL}/shop/welcome#`);
  const verification = { token: mail && tokenIn(mail), password: PASSWORD, name: 'Ada Lovelace' };
  expect((await system.anonymous('POST', '/accounts/verification', verification)).status).toBe(201);

  await signUp(email);
  const mails = await mailsTo(email, 2);
  expect(mails.map(({ subject }) => subject).sort()).toEqual([
    'Confirm your mail address',
    'You already have an account',
  ]);
  expect(mails.filter((one) => tokenIn(one))).toHaveLength(1);
});

it('speaks German where the account does', async () => {
  const email = `${uuidv7()}@example.org`;
  await signUp(email, 'de');
  const [mail] = await mailsTo(email, 1);
  expect([mail?.subject, mail?.html]).toEqual(['E-Mail-Adresse bestätigen', expect.stringContaining('lang="de"')]);
});

it('tells the old mailbox that the address was changed, with no link that does anything', async () => {
  const [before, after] = [`${uuidv7()}@example.org`, `${uuidv7()}@example.org`];
  await signUp(before);
  const [welcome] = await mailsTo(before, 1);
  const verification = { token: welcome && tokenIn(welcome), password: PASSWORD, name: 'Ada', bearer: true };
  const shopper = { 'X-Caller': 'shopper' };
  const { body } = await system.anonymous('POST', '/accounts/verification', verification, shopper);
  const as = { ...shopper, Authorization: `Bearer ${body.accessToken}` };
  const change = { email: after, password: PASSWORD };
  expect((await system.anonymous('PUT', '/accounts/me/email', change, as)).status).toBe(202);
  const [link] = await mailsTo(after, 1);
  expect(await inbox(before)).toHaveLength(1);
  const token = link && tokenIn(link, 'email');
  const keyed = { ...as, 'Idempotency-Key': uuidv7() };
  expect((await system.anonymous('POST', '/accounts/me/email/confirmation', { token }, keyed)).status).toBe(200);

  const notice = (await mailsTo(before, 2)).find(({ subject }) => subject === 'Your mail address was changed');
  expect(notice?.text).toContain('Hello Ada,');
  expect(notice?.text.match(/https?:\S+/g)).toEqual([`${system.env.BASE_URL}/shop`]);
  expect(`${notice?.text}${notice?.html}`).not.toContain(after);
  await eventually(async () => JSON.stringify(await states(before)) === '["sent","sent"]' || undefined);
});

it('waits for the mail server, for account-service, and for a process that sends; then each mail comes once', async () => {
  await system.control('kill', 'maildev');
  const first = `${uuidv7()}@example.org`;
  await signUp(first);
  await eventually(async () => (await states(first))[0] === 'queued' || undefined);
  await system.control('start', 'maildev');
  expect(await mailsTo(first, 1)).toHaveLength(1);

  await system.control('kill', 'notification');
  const second = `${uuidv7()}@example.org`;
  await signUp(second);
  await system.control('start', 'notification');
  const [mail] = await mailsTo(second, 1);
  await eventually(async () => (await states(second))[0] === 'sent' || undefined);
  const ids = (await inbox(second)).map(({ headers }) => headers['message-id']);
  expect(ids).toEqual([mail?.headers['message-id']]);
});
