import { readConfig, serviceConfig } from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** Everything that the environment decides. */
export const inventoryServiceConfig = serviceConfig.extend({});

export type Config = z.output<typeof inventoryServiceConfig>;

/** The configuration, or an error that lists every fault. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(inventoryServiceConfig, env);
}
