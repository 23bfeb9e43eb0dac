import type { ServiceName } from '../../services.ts';
import { calls, serviceKeys, serviceNamed } from '../../services.ts';
import type { Plan } from './plan.ts';
import { processNames, servicesOf } from './plan.ts';
import type { Secrets } from './secrets.ts';
import type { RabbitmqServer } from './servers/rabbitmq.ts';
import { amqpUrl, managementUrl } from './servers/rabbitmq.ts';

/** http://127.0.0.1:<port> of a part. */
export function urlOf(plan: Plan, name: string): string {
  return `http://127.0.0.1:${portOf(plan, name)}`;
}

export function portOf(plan: Plan, name: string): number {
  const port = plan.ports[name];
  if (port === undefined) throw new Error(`no port was chosen for ${name}`);
  return port;
}

/** The URL of a service's database, for its owner or for the role that the service uses. */
export function databaseUrl(plan: Plan, secrets: Secrets, service: ServiceName, role: 'owner' | 'service'): string {
  const { database } = serviceNamed(service);
  const [user, password] =
    role === 'owner'
      ? [database.owner, secrets[`${service}OwnerPassword`]]
      : [database.role, secrets[`${service}ServicePassword`]];
  return `postgres://${user}:${password}@127.0.0.1:${portOf(plan, database.server)}/${database.name}`;
}

/** The broker's address and account. */
export function brokerOf(plan: Plan, secrets: Secrets, folder: string): RabbitmqServer {
  return {
    folder,
    user: 'shop',
    password: secrets.rabbitmqPassword,
    ports: {
      amqp: portOf(plan, 'broker'),
      management: portOf(plan, 'broker-management'),
      distribution: portOf(plan, 'broker-distribution'),
      epmd: portOf(plan, 'broker-epmd'),
      metrics: plan.monitoring ? portOf(plan, 'broker-metrics') : undefined,
    },
  };
}

/** The base URLs of all processes of a service, in order. */
export function serviceUrls(plan: Plan, service: ServiceName): string[] {
  return processNames(service, plan.processes[service]).map((name) => urlOf(plan, name));
}

/** What `env` prints: everything a script needs to call the system and to inspect its databases and broker. */
export function scriptVariables(plan: Plan, secrets: Secrets): Record<string, string> {
  const broker = brokerOf(plan, secrets, '');
  return {
    BASE_URL: urlOf(plan, 'gateway'),
    STOREFRONT_KEY: plan.deck.DECK_STOREFRONT_KEY ?? '',
    OTHER_STOREFRONT_KEY: plan.deck.DECK_OTHER_STOREFRONT_KEY ?? '',
    BACKOFFICE_KEY: plan.deck.DECK_BACKOFFICE_KEY ?? '',
    OPERATIONS_KEY: plan.deck.DECK_OPERATIONS_KEY ?? '',
    ...Object.fromEntries(servicesOf(plan).map(({ name, variable }) => [`${variable}_URL`, urlOf(plan, `${name}-1`)])),
    ...Object.fromEntries(
      servicesOf(plan).map(({ name, variable }) => [`${variable}_DB_URL`, databaseUrl(plan, secrets, name, 'owner')]),
    ),
    RABBITMQ_URL: amqpUrl(broker),
    RABBITMQ_MANAGEMENT_URL: managementUrl(broker),
    MAILDEV_URL: urlOf(plan, 'maildev'),
    ...(plan.monitoring && {
      PROMETHEUS_URL: urlOf(plan, 'prometheus'),
      ALERTMANAGER_URL: urlOf(plan, 'alertmanager'),
    }),
    GATEWAY_TOKEN: plan.deck.DECK_GATEWAY_TOKEN ?? '',
    GATEWAY_KEYLESS_TOKEN: plan.deck.DECK_GATEWAY_KEYLESS_TOKEN ?? '',
    ...Object.fromEntries(calls.map(({ variable, token }) => [variable, secrets[token]])),
    ...Object.fromEntries(serviceKeys.map(({ variable, key }) => [variable, secrets[key]])),
    // The former name, which scripts still use.
    INTERNAL_TOKEN: secrets.order_to_inventory_token,
  };
}
