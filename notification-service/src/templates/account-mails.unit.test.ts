import { NEEDED } from '../../test/test-app.ts';
import type { NeededMail } from '../mail/mail-content.ts';
import { renderAccountMail } from './account-mails.ts';

const mail = { ...NEEDED, expiresAt: new Date(NEEDED.expiresAt) } as NeededMail;
const render = (more: Partial<NeededMail> = {}) => renderAccountMail({ ...mail, ...more }, 'https://shop.test');

it.each([
  ['verification', 'shop', 'https://shop.test/shop/welcome#t0ken_-'],
  ['verification', 'console', 'https://shop.test/console/welcome#t0ken_-'],
  ['password-reset', 'console', 'https://shop.test/shop/password#t0ken_-'],
  ['email-change', 'shop', 'https://shop.test/shop/email#t0ken_-'],
] as const)('links to the page for %s of the %s', (purpose, audience, link) => {
  const { text, html } = render({ purpose, audience });
  expect(text).toContain(`\n\n${link}\n\n`);
  expect(html).toContain(`href="${link}"`);
});

it.each(['account-exists', 'email-changed'] as const)('has no token in %s, where there is none', (purpose) => {
  const { text, html } = render({ purpose, token: undefined });
  expect(text).toContain('\n\nhttps://shop.test/shop\n\n');
  expect(text + html).not.toMatch(/valid until|#t0ken/);
});

it.each([
  ['de', 'de', 'Guten Tag Ada,', 'Der Link gilt bis 31. Januar 2026 um 12:00 UTC.'],
  ['de-AT', 'de', 'Guten Tag Ada,', 'Der Link gilt bis'],
  ['en-GB', 'en', 'Hello Ada,', 'The link is valid until January 31, 2026 at 12:00'],
  ['den', 'en', 'Hello Ada,', 'The link is valid until'],
  ['fr', 'en', 'Hello Ada,', 'The link is valid until'],
])('speaks %s as %s', (locale, language, hello, until) => {
  const { text, html } = render({ locale, name: 'Ada' });
  expect(html).toContain(`<html lang="${language}">`);
  for (const part of [hello, until])
    expect([text, html]).toEqual([part, part].map((one) => expect.stringContaining(one)));
});

it.each(['en', 'de'])('has every text in %s', (locale) => {
  for (const purpose of [
    'verification',
    'account-exists',
    'password-reset',
    'email-change',
    'email-changed',
  ] as const) {
    const { subject, text } = render({ purpose, locale });
    expect(subject).not.toBe('');
    expect(text.split('\n\n').length).toBeGreaterThan(3);
  }
});

it('shows markup in a name as text, on one line', () => {
  const { text, html } = render({ name: `<img src=x onerror="alert('&')">\r\nBcc: all@example.org` });
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;');
  expect(text.split('\n')[0]).toContain('Bcc: all@example.org,');
});
