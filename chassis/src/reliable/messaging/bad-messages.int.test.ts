/** What a producer gone wrong may put into a queue: each becomes a dead letter that says why, and the others go on. */

import { randomUUID } from 'node:crypto';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { type MessagingSystem, now, silent, startMessagingSystem } from '../../testing/messaging.ts';
import { accountOpenedV1, closeAccountV1, commandsQueue, openingsQueue, subject } from '../../testing/queues.ts';
import { startDrainer } from '../dead-letters/drainer.ts';
import { toOutboxRow } from '../outbox/outbox-message.ts';
import { startConsumer } from './consume.ts';
import type { MessageDefinition } from './message-definition.ts';

const MEGABYTE = 1024 * 1024;
const context = { correlationId: 'test', occurredAt: new Date() };

/** Each queue with a good message. */
const queues = [
  {
    queue: commandsQueue,
    good: () => toOutboxRow(closeAccountV1, { accountId: randomUUID() }, context).body,
  },
  {
    queue: openingsQueue,
    good: () => toOutboxRow(accountOpenedV1, { accountId: randomUUID() }, context).body,
  },
];

/** A good message with other members. */
type Spoil = (good: string) => string | Buffer;
const withMembers =
  (members: (good: { payload: object }) => object): Spoil =>
  (good) =>
    JSON.stringify({ ...JSON.parse(good), ...members(JSON.parse(good)) });

const bad: [what: string, spoil: Spoil, reason: string, detail: RegExp][] = [
  ['nothing', () => '', 'unparseable', /JSON/],
  ['text', () => 'hello', 'unparseable', /JSON/],
  ['half a message', (good) => good.slice(0, -20), 'unparseable', /JSON/],
  ['bytes', () => Buffer.from([0xff, 0x00, 0x80]), 'unparseable', /JSON/],
  ['JSON of another shape', () => '[{"id":1}]', 'unparseable', /expected object/],
  ['depth beyond any stack', () => `${'['.repeat(100_000)}`, 'unparseable', /JSON|stack/],
  ['an unknown type', withMembers(() => ({ type: 'account.lost' })), 'unknown-type', /account.lost version 1/],
  [
    'a type for the other side',
    withMembers(() => ({ type: 'customer.joined' })),
    'unknown-type',
    /customer.joined version 1/,
  ],
  ['an unknown version', withMembers(() => ({ version: 2 })), 'unknown-type', /version 2/],
  ['no id', withMembers(() => ({ id: undefined })), 'unparseable', /at id/],
  ['an id that is no UUID', withMembers(() => ({ id: '42' })), 'unparseable', /UUID\s.*at id/],
  ['a payload of another shape', withMembers(() => ({ payload: 'x' })), 'unparseable', /expected object/],
  [
    'an account that is no UUID',
    withMembers(({ payload }) => ({ payload: { ...payload, accountId: 'A-1' } })),
    'unparseable',
    /UUID\s.*at accountId/,
  ],
  ['a time that is none', withMembers(() => ({ occurredAt: 'soon' })), 'unparseable', /at occurredAt/],
  ['10 MB', () => Buffer.alloc(10 * MEGABYTE, 'x'), 'too-large', /10485760 bytes; the limit is \d+/],
];

describe.each(queues)('a bad message in $queue.name', ({ queue, good }) => {
  let system: MessagingSystem;
  const handled: string[] = [];

  beforeAll(async () => {
    system = await startMessagingSystem();
    atEnd(() => system.drop());
    const { broker, metrics, database } = system;
    const parts = { queue: queue.name, broker, metrics, now, pool: database.pool, log: silent, subject };
    const drainer = startDrainer(parts);
    atEnd(() => drainer.stop());
    const consumer = startConsumer({
      ...parts,
      definitions: queue.messages as readonly MessageDefinition[],
      async handle(_trx, messages) {
        handled.push(...messages.map(({ message }) => message.id));
        return messages.map(() => 'handled');
      },
    });
    atEnd(() => consumer.stop());
  });

  const send = (...bodies: (string | Buffer)[]) =>
    system.server.withChannel(async (channel) => {
      for (const body of bodies) channel.sendToQueue(queue.name, Buffer.from(body));
      await channel.waitForConfirms();
    });
  const lettersOf = async (reason: string) =>
    (
      await system.database.pool.query(
        'SELECT history, attempts, octet_length(body) AS bytes FROM dead_letters WHERE reason = $1',
        [reason],
      )
    ).rows;
  const isHandled = (body: string) => eventually(() => handled.includes(JSON.parse(body).id) || undefined);

  it.each(bad)(
    'is set aside and says why, and its neighbours are handled: %s',
    async (_what, spoil, reason, detail) => {
      await system.database.truncate();
      const [before, after] = [good(), good()];
      await send(before, spoil(good()), after);
      const letters = await eventually(async () => {
        const found = await lettersOf(reason);
        return found.length > 0 ? found : undefined;
      });
      expect(letters).toEqual([
        {
          attempts: 1,
          bytes: expect.any(Number),
          history: [expect.objectContaining({ type: 'dead-lettered', reason, detail: expect.stringMatching(detail) })],
        },
      ]);
      await isHandled(before);
      await isHandled(after);
    },
  );
});
