import { readConfig, serviceConfig } from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** The settings of the service: those that every service has. */
export const settings = serviceConfig;

/** The configuration; throws an error that lists all invalid settings. */
export function config(env: NodeJS.ProcessEnv = process.env): z.output<typeof settings> {
  return readConfig(settings, env);
}
