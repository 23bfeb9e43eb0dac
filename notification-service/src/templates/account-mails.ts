/** The mails about accounts, in English and German. A mail is a greeting, paragraphs, at most one link, and a note. */
import type { NeededMail } from '../mail/mail-content.ts';
import { type Html, html, text } from './tags.ts';

/** The texts of a mail. */
export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** All languages of mails. */
export const languages = ['en', 'de'] as const;
type Language = (typeof languages)[number];
type Purpose = NeededMail['purpose'];

interface Words {
  subject: string;
  lead: string;
  /** The label of the link. */
  action: string;
  note: string;
}

const words: Record<Language, Record<Purpose, Words>> = {
  en: {
    verification: {
      subject: 'Confirm your mail address',
      lead: 'somebody, probably you, wants to sign up with this mail address. Choose a password to finish:',
      action: 'Choose a password',
      note: 'If it was not you, do nothing: without this link there is no account.',
    },
    'account-exists': {
      subject: 'You already have an account',
      lead: 'somebody, probably you, wanted to sign up with this mail address. It has an account already: sign in, or request a new password there.',
      action: 'Sign in',
      note: 'If it was not you, do nothing: nothing has changed.',
    },
    'password-reset': {
      subject: 'Choose a new password',
      lead: 'a new password was requested for the account with this mail address. Choose it here:',
      action: 'Choose a new password',
      note: 'If it was not you, do nothing: your password stays as it is.',
    },
    'email-change': {
      subject: 'Confirm your new mail address',
      lead: 'your account is to have this mail address. Confirm it:',
      action: 'Confirm the address',
      note: 'If it was not you, do nothing: the account keeps its address.',
    },
    'email-changed': {
      subject: 'Your mail address was changed',
      lead: 'your account has another mail address now. We write to that one from now on, and you sign in with it. This mail address gets no further mails.',
      action: 'Go to the shop',
      note: 'If it was not you, somebody else knows your password. Where you are still signed in, change the password and the mail address at once; otherwise ask us for help, because a new password can only be requested with the new address.',
    },
  },
  de: {
    verification: {
      subject: 'E-Mail-Adresse bestätigen',
      lead: 'jemand, vermutlich Sie, möchte sich mit dieser E-Mail-Adresse registrieren. Wählen Sie dafür ein Passwort:',
      action: 'Passwort wählen',
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne diesen Link entsteht kein Konto.',
    },
    'account-exists': {
      subject: 'Sie haben bereits ein Konto',
      lead: 'jemand, vermutlich Sie, wollte sich mit dieser E-Mail-Adresse registrieren. Es gibt dafür bereits ein Konto: Melden Sie sich an, oder fordern Sie dort ein neues Passwort an.',
      action: 'Anmelden',
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun: Es hat sich nichts geändert.',
    },
    'password-reset': {
      subject: 'Neues Passwort wählen',
      lead: 'für das Konto mit dieser E-Mail-Adresse wurde ein neues Passwort angefordert. Wählen Sie es hier:',
      action: 'Neues Passwort wählen',
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.',
    },
    'email-change': {
      subject: 'Neue E-Mail-Adresse bestätigen',
      lead: 'Ihr Konto soll diese E-Mail-Adresse bekommen. Bestätigen Sie sie:',
      action: 'Adresse bestätigen',
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun: Das Konto behält seine Adresse.',
    },
    'email-changed': {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      lead: 'Ihr Konto hat jetzt eine andere E-Mail-Adresse. Wir schreiben ab jetzt dorthin, und Sie melden sich mit ihr an. Diese E-Mail-Adresse bekommt keine weiteren Nachrichten.',
      action: 'Zum Shop',
      note: 'Wenn Sie es nicht waren, kennt jemand anderes Ihr Passwort. Wo Sie noch angemeldet sind, ändern Sie sofort Passwort und E-Mail-Adresse; sonst bitten Sie uns um Hilfe, denn ein neues Passwort lässt sich nur mit der neuen Adresse anfordern.',
    },
  },
};

const frame = {
  en: {
    hello: (name: string) => (name ? `Hello ${name},` : 'Hello,'),
    until: (time: string) => `The link is valid until ${time}.`,
  },
  de: {
    hello: (name: string) => (name ? `Guten Tag ${name},` : 'Guten Tag,'),
    until: (time: string) => `Der Link gilt bis ${time}.`,
  },
} as const satisfies Record<Language, unknown>;

/** The page behind a link. The token stands after `#`, so that no server and no log gets it. */
const pages = {
  verification: (audience) => `${audience}/welcome`,
  'account-exists': (audience) => audience,
  'password-reset': () => 'shop/password',
  'email-change': () => 'shop/email',
  'email-changed': (audience) => audience,
} as const satisfies Record<Purpose, (audience: NeededMail['audience']) => string>;

// Colours stand in the elements, because some mail programs drop styles; those that keep them follow the reader's preference.
const dark: Html = html`@media (prefers-color-scheme: dark) { body { color: #e8e8e8 !important; background: #1b1b1d !important } .link { color: #9db8ff !important } }`;

/** The mail as it is true now. `publicUrl` is where people reach the shop. */
export function renderAccountMail(mail: NeededMail, publicUrl: string): Rendered {
  const language: Language = /^de\b/i.test(mail.locale) ? 'de' : 'en';
  const { subject, lead, action, note } = words[language][mail.purpose];
  const link = linkIn(mail, publicUrl);
  const hello = frame[language].hello(mail.name ?? '');
  const until = mail.token === undefined ? '' : frame[language].until(timeIn(language, mail.expiresAt));
  return {
    subject,
    text: [text`${hello}`, text`${lead}`, link, ...(until ? [until] : []), text`${note}`].join('\n\n').concat('\n'),
    html: html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${subject}</title>
<style>${dark}</style></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff">
<div style="max-width:36em;margin:0 auto">
<p>${hello}</p>
<p>${lead}</p>
<p><a href="${link}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#1f4fd8;color:#fff;text-decoration:none">${action}</a></p>
<p style="font-size:14px;word-break:break-all"><a class="link" href="${link}" style="color:#1f4fd8">${link}</a></p>
<p>${until ? `${until} ${note}` : note}</p>
</div>
</body>
</html>
`.markup,
  };
}

function linkIn({ purpose, audience, token }: NeededMail, publicUrl: string): string {
  return `${publicUrl}/${pages[purpose](audience)}${token === undefined ? '' : `#${token}`}`;
}

function timeIn(language: Language, time: Date): string {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(time)} UTC`;
}
