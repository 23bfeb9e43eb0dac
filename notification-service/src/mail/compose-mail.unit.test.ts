import { composeMail, type Mail } from './compose-mail.ts';

const mail: Mail = {
  messageId: '<1@shop.test>',
  from: { name: 'Shop', address: 'no-reply@shop.test' },
  to: { name: 'Ada', address: 'ada@example.org' },
  subject: 'Grüße',
  text: 'Hello',
  html: '<p>Hello</p>',
};
const compose = async (more: Partial<Mail> = {}) =>
  (await composeMail({ ...mail, ...more }, new Date('2026-01-31T12:00:00Z'))).toString();
const headersOf = (raw: string) =>
  raw
    .slice(0, raw.indexOf('\r\n\r\n'))
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');

it('has the given Message-ID, both texts, and asks for no answer by machines', async () => {
  const raw = await compose();
  expect(headersOf(raw)).toEqual(
    expect.arrayContaining([
      'Message-ID: <1@shop.test>',
      'From: Shop <no-reply@shop.test>',
      'To: Ada <ada@example.org>',
      'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
      'Auto-Submitted: auto-generated',
      'Date: Sat, 31 Jan 2026 12:00:00 +0000',
    ]),
  );
  expect(raw.match(/^Content-Type: [a-z/]+/gm)).toEqual([
    'Content-Type: multipart/alternative',
    'Content-Type: text/plain',
    'Content-Type: text/html',
  ]);
});

it.each([
  'Ada\r\nBcc: all@example.org',
  'Ada\nBcc: all@example.org',
  'Ada\rBcc: all@example.org',
  'Ada\u2028Bcc: all@example.org',
  'Ada" <all@example.org>, "',
  '\0\r\n.\r\nMAIL FROM:<x@example.org>',
])('makes no header and no recipient of the name %j', async (name) => {
  const plain = headersOf(await compose());
  const headers = headersOf(await compose({ to: { name, address: 'ada@example.org' }, subject: name }));
  const names = (lines: string[]) => lines.map((line) => line.slice(0, line.indexOf(':')));
  expect(names(headers)).toEqual(names(plain));
  const to = headers.find((line) => line.startsWith('To:')) ?? '';
  expect(to).toMatch(/ <ada@example\.org>$/);
  expect(to.replace(/"(\\.|[^"\\])*"/g, '').match(/@/g)).toHaveLength(1);
});
