import {
  acceptedTokens,
  callToken,
  integer,
  readConfig,
  replacedKey,
  replacedToken,
  secret,
  serviceConfig,
  urlList,
} from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';
import type { HistoryAt } from './order-history/history-command.ts';
import type { StaffAt } from './staff/staff-command.ts';

/** The settings of account-service. */
export const settings = serviceConfig.extend({
  ACCOUNT_MASTER_KEY: secret(
    'Secret from which the keys are derived that encrypt the private signing keys and make one-time tokens',
  ),
  ACCOUNT_MASTER_KEY_PREVIOUS: replacedKey,
  ORDER_URL: urlList.describe(
    'Base URLs of order-service, separated by commas. A host name stands for all addresses that it resolves to',
  ),
  ACCOUNT_TO_ORDER_TOKEN: callToken('account-service', 'order-service'),
  RECONCILE_GRACE_SECONDS: integer(0, 86_400, 120).describe(
    'Time after a change during which differences count as work in progress, not as mismatches',
  ),
  NOTIFICATION_TO_ACCOUNT_TOKEN: callToken('notification-service', 'account-service'),
  NOTIFICATION_TO_ACCOUNT_TOKEN_PREVIOUS: replacedToken,
});

export type Config = z.output<typeof settings>;

/** The configuration; throws an error that lists all invalid settings. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}

const commandSettings = settings.pick({
  DATABASE_URL: true,
  ACCOUNT_MASTER_KEY: true,
  ACCOUNT_MASTER_KEY_PREVIOUS: true,
  PUBLIC_URL: true,
});

/** What the commands need of it. */
export function commandConfig(env: NodeJS.ProcessEnv = process.env): StaffAt {
  const read = readConfig(commandSettings, env);
  return { databaseUrl: read.DATABASE_URL, masterKeys: masterKeysOf(read), publicUrl: read.PUBLIC_URL };
}

const historySettings = settings.pick({ DATABASE_URL: true, ORDER_URL: true, ACCOUNT_TO_ORDER_TOKEN: true });

/** What the commands for order histories need of it. */
export function historyConfig(env: NodeJS.ProcessEnv = process.env): HistoryAt {
  const read = readConfig(historySettings, env);
  return { databaseUrl: read.DATABASE_URL, orderUrls: read.ORDER_URL, orderToken: read.ACCOUNT_TO_ORDER_TOKEN };
}

/** The present master key and, while it is being replaced, the former one. */
export function masterKeysOf(read: Pick<Config, 'ACCOUNT_MASTER_KEY' | 'ACCOUNT_MASTER_KEY_PREVIOUS'>): string[] {
  return acceptedTokens(read.ACCOUNT_MASTER_KEY, read.ACCOUNT_MASTER_KEY_PREVIOUS);
}
