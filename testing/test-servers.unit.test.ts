import { namedServers } from './test-servers.ts';

const urls = {
  TEST_POSTGRES_URL: 'postgres://a',
  TEST_RABBITMQ_URL: 'amqp://b',
  TEST_RABBITMQ_MANAGEMENT_URL: 'http://c',
};

describe('namedServers', () => {
  it('takes the servers that the environment names', () => {
    expect(namedServers({ ...urls, OTHER: 'x' })).toEqual(urls);
  });

  it('finds none in an environment that names none', () => {
    expect(namedServers({ TEST_POSTGRES_URL: '' })).toBeUndefined();
  });

  it('refuses a part of the variables', () => {
    expect(() => namedServers({ ...urls, TEST_RABBITMQ_URL: undefined })).toThrow('Set TEST_RABBITMQ_URL too');
  });
});
