import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { subject } from '@shop/chassis/contract/subject.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { connectBroker } from '@shop/chassis/reliable/messaging/connection.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { startCatchUp } from '@shop/chassis/service/catch-up.ts';
import { historyQueue, topology, welcomeQueue } from './queues.ts';

/** An order in the history. */
export interface OrderState {
  id: string;
  status: string;
  version: number;
}

export interface HistoryServiceOptions {
  pool: Pool;
  brokerUrl: string;
  /** One page of the producer's orders, as they are now. */
  readPage: (cursor: string | undefined) => Promise<{ items: OrderState[]; nextCursor?: string }>;
}

const log = createLogger('history-service', process.env.TEST_LOG_LEVEL ?? 'silent');

/** Writes a row only if its version is newer, so that neither order nor repeats nor the source matter. */
const UPSERT = /* sql */ `
  INSERT INTO order_history (order_id, status, version)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[])
  ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, version = excluded.version
  WHERE excluded.version > order_history.version`;

function upsert(q: Pick<Pool, 'query'>, states: readonly OrderState[]) {
  const newest = new Map(states.toSorted(orderBy(({ version }) => version)).map((state) => [state.id, state]));
  const rows = [...newest.values()];
  const columns = [rows.map(({ id }) => id), rows.map(({ status }) => status), rows.map(({ version }) => version)];
  return q.query(UPSERT, columns);
}

/** The tables of this service; those of messaging exist already. */
export async function createHistoryTables(pool: Pool): Promise<void> {
  await pool.query(/* sql */ `
    CREATE TABLE order_history (order_id uuid PRIMARY KEY, status text NOT NULL, version integer NOT NULL);
    CREATE TABLE welcomes (order_id uuid NOT NULL)`);
}

/**
 * A minimal subscriber: a history with the status of each order, and a welcome for each new order. It publishes
 * nothing. The history can catch up from its producer. A welcome needs the event itself, so its queue must drop none.
 */
export async function startHistoryService({ pool, brokerUrl, readPage }: HistoryServiceOptions) {
  const metrics = createMetrics('history-service', 'test');
  const broker = await connectBroker({
    url: brokerUrl,
    name: 'history-service',
    log,
    setup: (model) => assertTopology(model, topology),
  });
  const runtime = { pool, broker, metrics, now: () => new Date(), log, subject };
  const background = [
    startConsumer({
      ...runtime,
      queue: historyQueue.name,
      definitions: historyQueue.messages,
      async handle(trx, events) {
        const states = events.map(({ message: { type, payload } }) => ({
          id: payload.orderId,
          status: type === 'order.placed' ? 'pending' : type.slice('order.'.length),
          version: payload.version,
        }));
        await upsert(trx, states);
        return events.map(() => 'handled');
      },
    }),
    startConsumer({
      ...runtime,
      queue: welcomeQueue.name,
      definitions: welcomeQueue.messages,
      async handle(trx, events) {
        const ids = events.map(({ message }) => message.payload.orderId);
        await trx.query('INSERT INTO welcomes SELECT unnest($1::uuid[])', [ids]);
        return events.map(() => 'handled');
      },
    }),
    ...[historyQueue, welcomeQueue].map(({ name }) => startDrainer({ ...runtime, queue: name })),
    startCatchUp({
      ...runtime,
      queue: historyQueue.name,
      intervalMs: 100,
      async readProducer(stopping) {
        let cursor: string | undefined;
        do {
          const { items, nextCursor } = await readPage(cursor);
          await upsert(pool, items);
          cursor = nextCursor;
        } while (cursor !== undefined && !stopping.aborted);
      },
    }),
  ];
  return {
    metrics,
    async stop() {
      await Promise.all(background.map((part) => part.stop()));
      await broker.close();
    },
  };
}
