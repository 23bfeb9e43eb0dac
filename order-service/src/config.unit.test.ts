import { config } from './config.ts';

const valid = {
  DATABASE_URL: 'postgres://order_service:x@db/orders',
  RABBITMQ_URL: 'amqp://broker',
  GATEWAY_TOKEN: 'g'.repeat(32),
  GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
  ORDER_TO_INVENTORY_TOKEN: 'i'.repeat(32),
  ACCOUNT_TO_ORDER_TOKEN: 'a'.repeat(32),
  INVENTORY_URL: 'http://a:3000, http://b:3000',
};

describe('config', () => {
  it('has a default for everything but addresses and secrets', () => {
    expect(config(valid)).toMatchObject({
      PORT: 3000,
      KEY_RETENTION_HOURS: 72,
      INVENTORY_URL: ['http://a:3000', 'http://b:3000'],
    });
  });

  it.each(['https://orders.example.com', 'http://127.0.0.1:8000', 'http://[::1]:8000'])(
    'takes %s for a PUBLIC_URL',
    (url) => {
      expect(config({ ...valid, PUBLIC_URL: url }).PUBLIC_URL).toBe(url);
    },
  );

  it.each([
    'orders.example.com',
    'https://',
    'https://a/',
    'https://a/b',
    'ftp://a',
    'https://a|b',
    'https://a&b',
    'https://u@a',
  ])('refuses %s as a PUBLIC_URL', (url) => {
    expect(() => config({ ...valid, PUBLIC_URL: url })).toThrow(/PUBLIC_URL: Must be http/);
  });

  it('reads several URLs of public keys', () => {
    const { JWKS_URL } = config({ ...valid, JWKS_URL: 'http://a:3000/jwks.json,http://b:3000/jwks.json' });
    expect(JWKS_URL).toEqual(['http://a:3000/jwks.json', 'http://b:3000/jwks.json']);
  });

  it('reports every fault at once, and no secret', () => {
    const faulty = { ...valid, PORT: 'x', GATEWAY_TOKEN: 'short', DATABASE_URL: 'mysql://db', RABBITMQ_URL: '' };
    for (const name of ['PORT', 'GATEWAY_TOKEN', 'DATABASE_URL', 'RABBITMQ_URL']) {
      expect(() => config(faulty)).toThrow(name);
    }
    expect(() => config(faulty)).not.toThrow(/short/);
  });
});
