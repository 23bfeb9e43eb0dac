import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { atEnd } from '../testing/at-end.ts';
import { createTestBroker } from '../testing/broker.ts';
import { eventually } from '../testing/eventually.ts';
import { silent as log, now } from '../testing/messaging.ts';
import { createMessagingDatabase } from '../testing/messaging-database.ts';
import { openAccount, queue, startWelcoming } from './example.ts';
import { fingerprintOf } from './idempotency/fingerprint.ts';
import { startReplayCounter } from './idempotency/replay-counter.ts';
import { connectBroker } from './messaging/connection.ts';
import { assertTopology } from './messaging/topology.ts';
import { startRelay } from './outbox/relay.ts';

it('opens an account once, although it is asked twice and each message comes twice', async () => {
  const database = await createMessagingDatabase();
  atEnd(() => database.drop());
  const { pool } = database;
  await pool.query('CREATE TABLE accounts (id uuid PRIMARY KEY, welcomes integer NOT NULL DEFAULT 0)');
  const server = await createTestBroker();
  atEnd(() => server.drop());
  const metrics = createMetrics('bank', '0');
  const setup = (model: Parameters<typeof assertTopology>[0]) =>
    assertTopology(model, { publishes: queue.messages, queues: [queue] });
  const broker = await connectBroker({ url: server.url, name: 'bank', log, setup });
  atEnd(() => broker.close());
  await eventually(() => broker.isConnected() || undefined);
  const replays = startReplayCounter(pool, log);
  atEnd(() => replays.stop());

  const accountId = randomUUID();
  const fingerprint = fingerprintOf({ id: 'openAccount', forms: { 1: (asked) => asked }, writes: 1 }, { accountId });
  const deps = { pool, metrics, now, replays, findKeptFingerprint: async () => undefined };
  const request = { clientId: 'shop', key: 'k-1', fingerprint };
  const first = await openAccount(deps, request, accountId);
  expect(await openAccount(deps, request, accountId)).toEqual({ reply: first.reply, replayed: true });
  await pool.query(/* sql */ `
    INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
    SELECT message_id, exchange, routing_key, mandatory, subject_id, body FROM outbox_messages`);

  const relay = startRelay({ pool, broker, metrics, now, log });
  atEnd(() => relay.stop());
  const consumer = startWelcoming({ pool, broker, metrics, now, log });
  atEnd(() => consumer.stop());
  await eventually(async () => (await outcomesOf(metrics)).length === 2 || undefined);
  expect(await outcomesOf(metrics)).toEqual(['duplicate', 'handled']);
  expect((await pool.query('SELECT id, welcomes FROM accounts')).rows).toEqual([{ id: accountId, welcomes: 1 }]);
});

it('is what the README shows', () => {
  const [readme, example] = ['README.md', 'example.ts'].map((name) => readFileSync(join(__dirname, name), 'utf8'));
  const shown = [...(readme ?? '').matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(shown).toHaveLength(2);
  for (const code of shown) expect(example).toContain(code);
});

/** One for each delivery. */
async function outcomesOf(metrics: ReturnType<typeof createMetrics>) {
  const { values } = await metrics.messagesHandled.get();
  return values.flatMap(({ labels, value }) => Array<unknown>(value).fill(labels.outcome)).sort();
}
