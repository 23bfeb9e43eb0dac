import { config } from './config.ts';

const valid = {
  DATABASE_URL: 'postgres://order_service:x@db/orders',
  RABBITMQ_URL: 'amqp://broker',
  GATEWAY_TOKEN: 'g'.repeat(32),
  INTERNAL_TOKEN: 'i'.repeat(32),
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

  it('reports every fault at once, and no secret', () => {
    const faulty = { ...valid, PORT: 'x', GATEWAY_TOKEN: 'short', DATABASE_URL: 'mysql://db', RABBITMQ_URL: '' };
    for (const name of ['PORT', 'GATEWAY_TOKEN', 'DATABASE_URL', 'RABBITMQ_URL']) {
      expect(() => config(faulty)).toThrow(name);
    }
    expect(() => config(faulty)).not.toThrow(/short/);
  });
});
