/** A page with all mails, in all languages, as text and as HTML: to look at them, without sending any. */
import type { NeededMail } from '../mail/mail-content.ts';
import { languages, renderAccountMail } from './account-mails.ts';
import { type Html, html } from './tags.ts';

const mail = {
  needed: true,
  audience: 'shop',
  email: 'ada@example.org',
  name: 'Ada Lovelace',
  locale: 'en',
  token: 'x'.repeat(64),
  expiresAt: new Date('2026-01-31T12:00:00.000Z'),
} as const;

/** One of each; a new purpose without a sample does not compile. */
const samples = {
  // Nobody has a name yet who signs up.
  verification: { name: undefined },
  'account-exists': { token: undefined },
  'password-reset': {},
  'email-change': {},
  'email-changed': { token: undefined },
} as const satisfies Record<NeededMail['purpose'], Partial<NeededMail>>;

/** The page. `publicUrl` stands in the links. */
export function previewPage(publicUrl: string): string {
  const mails = Object.entries(samples).flatMap(([purpose, sample]) =>
    languages.map((locale) =>
      section({ ...mail, ...sample, purpose: purpose as NeededMail['purpose'], locale }, publicUrl),
    ),
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Mails</title>
<style>
body { margin: 0 auto; padding: 16px; max-width: 1200px; font: 16px/1.5 system-ui, sans-serif; }
article { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
iframe, pre { box-sizing: border-box; width: 100%; height: 460px; margin: 0; border: 1px solid #888; border-radius: 6px; }
pre { padding: 16px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Mails</h1>
${mails}
</body>
</html>
`.markup;
}

function section(sample: NeededMail, publicUrl: string): Html {
  const rendered = renderAccountMail(sample, publicUrl);
  const name = `${sample.purpose}, ${sample.locale}`;
  return html`<h2>${name}: ${rendered.subject}</h2>
<article>
<iframe sandbox title="${name}" srcdoc="${rendered.html}"></iframe>
<pre>${lines(rendered.text)}</pre>
</article>`;
}

/** What is inserted stays on its line, so each line is inserted. */
function lines(text: string): Html[] {
  return text.split('\n').map((line) => html`${line}`);
}
