import { readConfig, serviceConfig } from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** Everything that the environment decides: what every service reads. */
export const settings = serviceConfig;

/** The configuration, or an error that lists every fault. */
export function config(env: NodeJS.ProcessEnv = process.env): z.output<typeof settings> {
  return readConfig(settings, env);
}
