import MailComposer from 'nodemailer/lib/mail-composer';
import type { Sender } from '../config.ts';

/** A mail with its texts. */
export interface Mail {
  messageId: string;
  from: Sender;
  to: { name: string | undefined; address: string };
  subject: string;
  text: string;
  html: string;
}

/** The mail as it goes over the wire. Headers cannot be injected: names lose their control characters and are encoded. */
export async function composeMail(mail: Mail, date: Date): Promise<Buffer> {
  const { messageId, from, to, subject, text, html } = mail;
  const composer = new MailComposer({
    messageId,
    date,
    from: { name: oneLine(from.name), address: from.address },
    to: { name: oneLine(to.name ?? ''), address: to.address },
    subject: oneLine(subject),
    text,
    html,
    // So that absence notes do not answer it (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    // Nothing in a text may make it read files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
