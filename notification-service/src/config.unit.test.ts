import { config, senderOf } from './config.ts';

const given = {
  DATABASE_URL: 'postgres://a@b/c',
  RABBITMQ_URL: 'amqp://a',
  GATEWAY_TOKEN: 'g'.repeat(32),
  GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
  PUBLIC_URL: 'https://shop.test',
  ACCOUNT_URL: 'http://127.0.0.1:1',
  NOTIFICATION_TO_ACCOUNT_TOKEN: 'n'.repeat(32),
};
const read = (more: Record<string, string> = {}) => config({ ...given, ...more });

it.each([
  ['', { name: '', address: 'no-reply@shop.test' }],
  ['mail@example.org', { name: '', address: 'mail@example.org' }],
  ['The Shop <mail@example.org>', { name: 'The Shop', address: 'mail@example.org' }],
])('the sender of %j', (MAIL_FROM, sender) => {
  expect(senderOf(read({ MAIL_FROM }))).toEqual(sender);
});

it.each([
  ['MAIL_FROM', 'shop'],
  ['MAIL_FROM', 'Shop <a@b>\r\nBcc: <c@d>'],
  ['SMTP_URL', 'http://mail.test'],
  ['PUBLIC_URL', ''],
])('refuses %s as %j', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(name);
});
