import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from '@shop/chassis/base/text.ts';
import { validationFailed } from '@shop/chassis/edge/body.ts';

const common = new Set(
  readFileSync(join(import.meta.dirname, 'common-passwords.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^#( |$)/.test(line)),
);

/** A new password. No rule about kinds of characters: length and a list of common ones help more (NIST SP 800-63B, 3.1.1.2). */
export const newPassword = text(8, 1_000)
  .refine(
    (password) => !common.has(password.normalize('NFC').toLowerCase()),
    'Must not be one of the most common passwords.',
  )
  .meta({
    minLength: 8,
    maxLength: 1_000,
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
    description: 'Not one of the most common passwords, and not the mail address',
  });

/** 400 for a new password that is only the mail address of its account. */
export function refuseMailAddress(password: string, email: string): void {
  if (password.toLowerCase() !== email.toLowerCase()) return;
  throw validationFailed([{ pointer: '/password', detail: 'Must not be the mail address.' }]);
}
