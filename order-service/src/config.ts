import { callToken, formerly, integer, readConfig, serviceConfig } from '@shop/chassis/base/config/read-config.ts';
import { z } from 'zod';

/** Everything that the environment decides. */
export const settings = serviceConfig.extend({
  INVENTORY_URL: z
    .string()
    .transform((urls) => urls.split(',').map((url) => url.trim()))
    .pipe(z.array(z.url({ protocol: /^https?$/ })).min(1))
    .describe('Base URLs of inventory-service, separated by commas; a name stands for all its addresses'),
  ORDER_TO_INVENTORY_TOKEN: formerly('INTERNAL_TOKEN', callToken('order-service', 'inventory-service')),
  RESERVATION_TIMEOUT_MS: integer(100, 1_500, 1_500).describe('Deadline of the call to inventory-service'),
  RECONCILE_GRACE_SECONDS: integer(0, 86_400, 120).describe(
    'How long what changed counts as work under way, and not as a mismatch',
  ),
});

export type Config = z.output<typeof settings>;

/** The configuration, or an error that lists every fault. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}
