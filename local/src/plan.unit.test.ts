import { ofEachService } from '../../services.ts';
import { partsNamed } from './parts.ts';
import type { Plan } from './plan.ts';
import { deckVariables, makePlan } from './plan.ts';
import type { Secrets } from './secrets.ts';

const secrets = { storefrontKey: 'made-here', gatewayToken: 'token' } as Secrets;

describe('deckVariables', () => {
  it('prefers what the environment gives', () => {
    const variables = deckVariables(secrets, { DECK_STOREFRONT_KEY: 'given', DECK_GATEWAY_TOKEN: '', OTHER: 'x' });
    expect(variables).toMatchObject({ DECK_STOREFRONT_KEY: 'given', DECK_GATEWAY_TOKEN: 'token' });
    expect(variables).not.toHaveProperty('OTHER');
  });

  it('limits to 60,000 requests a minute unless told otherwise', () => {
    expect(deckVariables(secrets, {}).DECK_RATE_LIMIT_PER_MINUTE).toBe('60000');
    expect(deckVariables(secrets, { DECK_RATE_LIMIT_PER_MINUTE: '9' }).DECK_RATE_LIMIT_PER_MINUTE).toBe('9');
  });
});

describe('makePlan', () => {
  it('gives every process a port of its own', async () => {
    const { ports } = await planned({ orders: 3 });
    expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
    expect(Object.keys(ports)).toEqual(expect.arrayContaining(['order-3', 'inventory-1', 'gateway']));
  });

  it('keeps the ports of the last run', async () => {
    const first = await planned({});
    expect((await planned({}, first)).ports).toEqual(first.ports);
  });

  it('hands a service the settings that carry its name', async () => {
    const plan = await planned({}, undefined, {
      ORDER_SERVICE_LOG_LEVEL: 'debug',
      INVENTORY_SERVICE_X: '1',
      OTEL_TRACES_EXPORTER: 'none',
      INVENTORY_SERVICE_OTEL_TRACES_EXPORTER: 'otlp',
      LOG_LEVEL: 'no',
    });
    expect(plan.settings.order).toEqual({ LOG_LEVEL: 'debug', OTEL_TRACES_EXPORTER: 'none' });
    expect(plan.settings.inventory).toEqual({ X: '1', OTEL_TRACES_EXPORTER: 'otlp' });
  });
});

describe('partsNamed', () => {
  it('takes a service for all its processes', async () => {
    const plan = await planned({ orders: 2 });
    expect(partsNamed(plan, 'order')).toEqual(['order-1', 'order-2']);
    expect(partsNamed(plan, 'order-2')).toEqual(['order-2']);
    expect(partsNamed(plan, 'order-3')).toEqual([]);
  });
});

function planned({ orders = 1 }, last?: Plan, environment: NodeJS.ProcessEnv = {}): Promise<Plan> {
  const startedBy = { pid: 1, startedAt: '' };
  return makePlan(
    {
      port: 8000,
      processes: { ...ofEachService(() => 1), order: orders },
      monitoring: false,
      watch: false,
      inspect: false,
      bundle: '/bundle',
      mode: 'detached',
      startedBy,
    },
    secrets,
    environment,
    last,
  );
}
