/** A consumer process that is killed while it handles one of its messages; SIGTERM lets it acknowledge what is handled. */

import { createPool } from '../base/db/pool.ts';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { startConsumer } from '../reliable/messaging/consume.ts';
import { connectTo, now, silent, TEST_DELIVERY_LIMIT, TEST_RETRY_DELAYS_MS } from './messaging.ts';
import { openingsQueue } from './queues.ts';

const [brokerUrl = '', databaseUrl = '', killer = ''] = process.argv.slice(2);

const broker = await connectTo(brokerUrl);
const consumer = startConsumer({
  queue: openingsQueue.name,
  definitions: openingsQueue.messages,
  broker,
  pool: createPool({ connectionString: databaseUrl, applicationName: 'test', max: 2 }, silent),
  metrics: createMetrics('test', '0'),
  now,
  log: silent,
  retryDelaysMs: TEST_RETRY_DELAYS_MS,
  deliveryLimit: TEST_DELIVERY_LIMIT,
  async handle(trx, messages) {
    const ids = messages.map(({ message }) => message.payload.accountId);
    await trx.query('INSERT INTO effects (account_id) SELECT unnest($1::uuid[])', [ids]);
    if (ids.includes(killer)) process.kill(process.pid, 'SIGKILL');
    return ids.map(() => 'handled');
  },
});

process.once('SIGTERM', async () => {
  await consumer.stop();
  process.exit(0);
});
