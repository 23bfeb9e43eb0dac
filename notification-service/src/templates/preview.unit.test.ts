import { languages, renderAccountMail } from './account-mails.ts';
import { previewPage } from './preview.ts';

it('shows every mail in every language, as text and as HTML that cannot reach the page', () => {
  const page = previewPage('https://shop.test');
  const frames = page.match(/<iframe sandbox title="[^"]+" srcdoc="[^"]+">/g) ?? [];
  const names = frames.map((frame) => /title="([^"]+)"/.exec(frame)?.[1]);
  const purposes = ['verification', 'account-exists', 'password-reset', 'email-change', 'email-changed'] as const;
  expect(names).toEqual(purposes.flatMap((purpose) => languages.map((language) => `${purpose}, ${language}`)));
  expect(page.match(/<pre>/g)).toHaveLength(frames.length);
  for (const locale of languages) {
    const { subject } = renderAccountMail(
      {
        ...{
          needed: true,
          purpose: 'email-changed',
          audience: 'shop',
          email: 'ada@example.org',
          name: undefined,
          locale,
        },
        ...{ token: undefined, expiresAt: new Date() },
      },
      'https://shop.test',
    );
    expect(page).toContain(subject);
  }
});
