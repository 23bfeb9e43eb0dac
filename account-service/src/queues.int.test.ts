import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker } from '@shop/chassis/testing/broker.ts';
import { topology } from './queues.ts';

it('declares the exchange of account-service, and no queue', async () => {
  const server = await createTestBroker();
  atEnd(() => server.drop());
  expect(await server.withConnection((connection) => assertTopology(connection, topology))).toEqual([]);
  expect(await server.queues()).toEqual([]);
  await server.withChannel((channel) => channel.checkExchange('account_exchange'));
});
