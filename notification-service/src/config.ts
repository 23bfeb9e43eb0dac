import { callToken, mayBeEmpty, readConfig, serviceConfig, urlList } from '@shop/chassis/base/config/read-config.ts';
import { z } from 'zod';

/** The settings of notification-service. */
export const settings = serviceConfig.extend({
  // Links in mails begin with it, so there is no default.
  PUBLIC_URL: serviceConfig.shape.PUBLIC_URL.unwrap().describe(serviceConfig.shape.PUBLIC_URL.description ?? ''),
  ACCOUNT_URL: urlList.describe(
    'Base URLs of account-service, separated by commas. A host name stands for all addresses that it resolves to',
  ),
  NOTIFICATION_TO_ACCOUNT_TOKEN: callToken('notification-service', 'account-service'),
  SMTP_URL: mayBeEmpty(
    z
      .url({ protocol: /^smtps?$/ })
      .optional()
      .describe(
        'Mail server: `smtp://` (TLS if the server offers it, always with a user) or `smtps://`, then `user:password@host:port`. Without it, mails wait',
      ),
  ),
  MAIL_FROM: z
    .string()
    .regex(
      /^[^<>"\r\n]{0,100}<[^\s<>@"]+@[^\s<>@"]+>$|^[^\s<>@"]+@[^\s<>@"]+$/,
      'Must be a mail address, or a name and a mail address in angle brackets.',
    )
    .optional()
    .describe('Sender of mails: `Shop <no-reply@example.org>`. If it is not set, `no-reply@` the host of `PUBLIC_URL`'),
});

export type Config = z.output<typeof settings>;

/** The configuration; throws an error that lists all invalid settings. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}

/** The sender of mails. */
export interface Sender {
  name: string;
  address: string;
}

/** The sender of a configuration. */
export function senderOf({ MAIL_FROM, PUBLIC_URL }: Pick<Config, 'MAIL_FROM' | 'PUBLIC_URL'>): Sender {
  const [, name = '', address = ''] = /^(.*)<(.*)>$/.exec(MAIL_FROM ?? '') ?? ['', '', MAIL_FROM ?? ''];
  return { name: name.trim(), address: address || `no-reply@${new URL(PUBLIC_URL).hostname}` };
}
