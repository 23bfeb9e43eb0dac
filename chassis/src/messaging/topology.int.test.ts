import { createTestBroker, type TestBroker } from '../testing/broker.ts';
import { assertTopology } from './topology.ts';

let server: TestBroker;
beforeAll(async () => {
  server = await createTestBroker();
});
afterAll(() => server.drop());

it('declares queues, retries and dead letters, as often as it is asked to', async () => {
  for (let n = 0; n < 2; n += 1) await server.withChannel((channel) => assertTopology(channel));
  const movesTo = (queue: string) => ({
    'x-queue-type': 'quorum',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  });
  const expected = ['inventory.reservations', 'order.reservation-replies'].flatMap((queue) => [
    { name: queue, arguments: { ...movesTo(`${queue}.dead-letter`), 'x-delivery-limit': 20 } },
    { name: `${queue}.dead-letter`, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 ** 31 - 1 } },
    ...Object.entries({ '1s': 1_000, '5s': 5_000, '30s': 30_000, '2m': 120_000, '10m': 600_000 }).map(
      ([delay, ttl]) => ({ name: `${queue}.retry.${delay}`, arguments: { ...movesTo(queue), 'x-message-ttl': ttl } }),
    ),
  ]);
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect((await server.queues()).sort(byName)).toEqual(expected.sort(byName));
});
