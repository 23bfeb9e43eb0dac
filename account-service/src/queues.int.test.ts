import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker } from '@shop/chassis/testing/broker.ts';
import { topology } from './queues.ts';

it('declares the exchange of account-service, and the queue of the order histories', async () => {
  const server = await createTestBroker();
  atEnd(() => server.drop());
  expect(await server.withConnection((connection) => assertTopology(connection, topology))).toEqual([]);
  const queues = await server.queues();
  expect(queues.every(({ name }) => name.startsWith('account.order-history'))).toBe(true);
  // The arguments of a queue can never change (docs/adr/0022).
  expect(queues.find(({ name }) => name === 'account.order-history')).toMatchObject({
    arguments: { 'x-queue-type': 'quorum', 'x-max-length': 200_000, 'x-overflow': 'drop-head' },
  });
  await server.withChannel((channel) => channel.checkExchange('account_exchange'));
});
