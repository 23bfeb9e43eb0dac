import { readConfig, serviceConfig } from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** Everything that the environment decides. */
export const settings = serviceConfig.extend({});

export type Config = z.output<typeof settings>;

/** The configuration, or an error that lists every fault. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}
