import {
  acceptedTokens,
  readConfig,
  replacedKey,
  secret,
  serviceConfig,
} from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';
import type { StaffAt } from './staff/staff-command.ts';

/** The settings of account-service. */
export const settings = serviceConfig.extend({
  ACCOUNT_MASTER_KEY: secret(
    'Secret from which the keys are derived that encrypt the private signing keys and make one-time tokens',
  ),
  ACCOUNT_MASTER_KEY_PREVIOUS: replacedKey,
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

/** The present master key and, while it is being replaced, the former one. */
export function masterKeysOf(read: Pick<Config, 'ACCOUNT_MASTER_KEY' | 'ACCOUNT_MASTER_KEY_PREVIOUS'>): string[] {
  return acceptedTokens(read.ACCOUNT_MASTER_KEY, read.ACCOUNT_MASTER_KEY_PREVIOUS);
}
