import {
  callToken,
  formerly,
  readConfig,
  replacedToken,
  serviceConfig,
} from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** The settings of inventory-service. */
export const settings = serviceConfig.extend({
  ORDER_TO_INVENTORY_TOKEN: formerly('INTERNAL_TOKEN', callToken('order-service', 'inventory-service')),
  ORDER_TO_INVENTORY_TOKEN_PREVIOUS: formerly('INTERNAL_TOKEN_PREVIOUS', replacedToken),
});

export type Config = z.output<typeof settings>;

/** The configuration; throws an error that lists all invalid settings. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}
