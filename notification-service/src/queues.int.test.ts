import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker } from '@shop/chassis/testing/broker.ts';
import { byName, releasedQueues } from '@shop/chassis/testing/released-queues.ts';
import { topology } from './queues.ts';

it('declares the queue of account events as released, and no others', async () => {
  const server = await createTestBroker();
  atEnd(() => server.drop());
  expect(await server.withConnection((connection) => assertTopology(connection, topology))).toEqual([]);
  expect((await server.queues()).sort(byName)).toEqual(releasedQueues('notification.account-mails').sort(byName));
});
