/** A message whose handling kills the process: real processes, killed again and again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atEnd } from '../../testing/at-end.ts';
import { takeDeadLetters } from '../../testing/broker.ts';
import {
  type MessagingSystem,
  openedMessage,
  startMessagingSystem,
  TEST_DELIVERY_LIMIT,
} from '../../testing/messaging.ts';
import { openingsQueue } from '../../testing/queues.ts';
import { deadLetterQueueName } from './topology.ts';

const QUEUE = openingsQueue.name;
const CONSUMER = join(__dirname, '../../testing/dying-consumer.ts');

let system: MessagingSystem;
beforeAll(async () => {
  system = await startMessagingSystem();
  atEnd(() => system.drop());
});
beforeEach(() => system.reset());

// Below the test's own limit, so that no process outlives a test that fails.
const OVER_WITHIN_MS = 240_000;

/** As a service is run that its supervisor starts again: until `isOver`; returns how often it was killed. */
async function restartUntil(isOver: () => Promise<boolean>, killer: string): Promise<number> {
  const deadline = performance.now() + OVER_WITHIN_MS;
  for (let deaths = 0; ; deaths += 1) {
    const child = spawn(process.execPath, [CONSUMER, system.server.url, system.database.url, killer]);
    let output = '';
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const exited = once(child, 'exit').then(() => true);
    let isRunning = true;
    try {
      while (isRunning) {
        if (await isOver()) {
          // Killed before the acknowledgement, it would leave the broker a delivery to set aside a second time.
          child.kill('SIGTERM');
          await exited;
          return deaths;
        }
        if (performance.now() > deadline) throw new Error(`not over after ${deaths} deaths`);
        isRunning = !(await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 50))]));
      }
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    if (child.signalCode !== 'SIGKILL') throw new Error(`the consumer ended by itself: ${output}`);
  }
}

const isSetAside = async () => (await system.server.depth(deadLetterQueueName(QUEUE))) > 0;

it.each([
  ['first', 0],
  ['in the middle', 30],
  ['last', 60],
])('a message that kills its process becomes a dead letter, and takes no other along: %s', async (_where, place) => {
  const rows = Array.from({ length: 61 }, () => openedMessage());
  const killer = rows[place]?.subjectId as string;
  await system.broker.publish(rows.map((row) => ({ ...row, headers: { traceparent: '00-ab-cd-01' } })));
  const others = rows.map(({ subjectId }) => subjectId).filter((id) => id !== killer);
  const isOver = async () => (await isSetAside()) && (await system.database.effects()).length >= others.length;
  expect(await restartUntil(isOver, killer)).toBe(TEST_DELIVERY_LIMIT);
  expect((await system.database.effects()).sort()).toEqual(others.sort());
  const letters = await takeDeadLetters(system.server, QUEUE, 1);
  expect(letters).toHaveLength(1);
  expect(letters[0]).toMatchObject({
    body: rows[place]?.body,
    headers: {
      'x-reason': 'delivery-limit',
      'x-detail': expect.stringContaining(`${TEST_DELIVERY_LIMIT} deliveries were not acknowledged`),
      'x-unanswered': TEST_DELIVERY_LIMIT,
      'x-attempts': 0,
      traceparent: '00-ab-cd-01',
    },
  });
});

it('counts over all copies of a message: one that fails, is copied to a retry queue and then kills', async () => {
  const row = openedMessage();
  const killer = row.subjectId as string;
  // As after a failed attempt, before which one consumer less than the limit had died.
  const headers = { 'x-attempts': 1, 'x-unanswered': TEST_DELIVERY_LIMIT - 1 };
  await system.broker.publish([{ ...row, exchange: '', routingKey: QUEUE, headers }]);
  expect(await restartUntil(isSetAside, killer)).toBe(1);
  const [letter] = await takeDeadLetters(system.server, QUEUE, 1);
  expect(letter?.headers).toMatchObject({ 'x-attempts': 1, 'x-unanswered': TEST_DELIVERY_LIMIT });
});
