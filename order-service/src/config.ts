import {
  callToken,
  formerly,
  integer,
  readConfig,
  replacedToken,
  serviceConfig,
  urlList,
} from '@shop/chassis/base/config/read-config.ts';
import type { z } from 'zod';

/** The settings of order-service. */
export const settings = serviceConfig.extend({
  INVENTORY_URL: urlList.describe(
    'Base URLs of inventory-service, separated by commas. A host name stands for all addresses that it resolves to',
  ),
  ORDER_TO_INVENTORY_TOKEN: formerly('INTERNAL_TOKEN', callToken('order-service', 'inventory-service')),
  ACCOUNT_TO_ORDER_TOKEN: callToken('account-service', 'order-service'),
  ACCOUNT_TO_ORDER_TOKEN_PREVIOUS: replacedToken,
  RESERVATION_TIMEOUT_MS: integer(100, 1_500, 1_500).describe('Timeout of calls to inventory-service'),
  RECONCILE_GRACE_SECONDS: integer(0, 86_400, 120).describe(
    'Time after a change during which differences count as work in progress, not as mismatches',
  ),
});

export type Config = z.output<typeof settings>;

/** The configuration; throws an error that lists all invalid settings. */
export function config(env: NodeJS.ProcessEnv = process.env): Config {
  return readConfig(settings, env);
}
