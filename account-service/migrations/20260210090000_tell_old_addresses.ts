import type { Knex } from 'knex';

/** The check is validated in a transaction of its own, which blocks nobody. Both statements may run again. */
export const config = { transaction: false };

/** The old mailbox of an account gets a mail when the address was changed. */
export async function up(knex: Knex): Promise<void> {
  await allowPurposes(knex, ['verification', 'account-exists', 'password-reset', 'email-change', 'email-changed']);
  await knex.raw(/* sql */ `
    COMMENT ON COLUMN email_tokens.purpose IS 'What the link does. Two mails have no token: account-exists, after a sign-up with the address of an account, and email-changed, to the address that an account had';
    COMMENT ON COLUMN email_tokens.email IS 'Where the mail goes; of an email-change, the new address, of an email-changed the old one'`);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DELETE FROM email_tokens WHERE purpose = 'email-changed'`);
  await allowPurposes(knex, ['verification', 'account-exists', 'password-reset', 'email-change']);
  await knex.raw(/* sql */ `
    COMMENT ON COLUMN email_tokens.purpose IS 'What the link does; account-exists: sign-up with the address of an account, whose mail has no token';
    COMMENT ON COLUMN email_tokens.email IS 'Where the mail goes; of an email-change, the new address'`);
}

async function allowPurposes(knex: Knex, purposes: readonly string[]): Promise<void> {
  const list = purposes.map((purpose) => `'${purpose}'`).join(', ');
  await knex.raw(/* sql */ `
    ALTER TABLE email_tokens DROP CONSTRAINT IF EXISTS email_tokens_purpose_check,
      ADD CONSTRAINT email_tokens_purpose_check CHECK (purpose IN (${list})) NOT VALID`);
  await knex.raw('ALTER TABLE email_tokens VALIDATE CONSTRAINT email_tokens_purpose_check');
}
