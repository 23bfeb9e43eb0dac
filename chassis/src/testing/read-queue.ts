import { setTimeout as sleep } from 'node:timers/promises';
import amqplib from 'amqplib';
import { eventually } from './eventually.ts';

/**
 * The bodies of a queue's messages, when `isAll` says that they are all; `count` is how many it held at first. They
 * are not acknowledged, so that they are all there again for another try: a broker that was started a moment ago
 * answers the first who come with an internal error.
 */
export async function readQueue(
  url: string,
  queue: string,
  isAll: (bodies: readonly string[], count: number) => boolean,
  withinMs: number,
): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  return eventually(async () => {
    const connection = await amqplib.connect(url, { timeout: 5_000 });
    // What waits for an answer of this connection would wait for ever.
    const loss = new Promise<never>((_, lost) => {
      connection.on('error', lost).once('close', () => lost(new Error('the broker closed the connection')));
    });
    loss.catch(() => {});
    try {
      return await Promise.race([readOn(connection, queue, isAll, deadline), loss]);
    } finally {
      connection.close().catch(() => {});
    }
  }, withinMs);
}

async function readOn(
  connection: amqplib.ChannelModel,
  queue: string,
  isAll: (bodies: readonly string[], count: number) => boolean,
  deadline: number,
): Promise<string[]> {
  const channel = await connection.createChannel();
  channel.on('error', () => {}); // its call rejects as well
  const { messageCount } = await channel.checkQueue(queue);
  const bodies: string[] = [];
  await channel.consume(queue, (message) => {
    if (message) bodies.push(message.content.toString());
  });
  while (!isAll(bodies, messageCount)) {
    if (performance.now() > deadline) throw new Error(`${bodies.length} messages of ${queue} are not all`);
    await sleep(50);
  }
  return bodies;
}
