import { setTimeout as sleep } from 'node:timers/promises';
import amqplib from 'amqplib';
import { eventually } from './eventually.ts';

/**
 * Take all messages of a queue: those that it holds, and more until `isAll` of their bodies. A connection that breaks
 * is made again, for a broker that was started a moment ago answers the first who come with an internal error; a
 * message may then be there twice.
 */
export async function readQueue(
  url: string,
  queue: string,
  withinMs: number,
  isAll: (bodies: readonly string[]) => boolean = () => true,
): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  const bodies: string[] = [];
  return eventually(async () => {
    const connection = await amqplib.connect(url, { timeout: 5_000 });
    // What waits for an answer of this connection would wait for ever.
    const loss = new Promise<never>((_, lost) => {
      connection.on('error', lost).once('close', () => lost(new Error('the broker closed the connection')));
    });
    loss.catch(() => {});
    const read = async () => {
      const channel = await connection.createChannel();
      channel.on('error', () => {}); // its call rejects as well
      const enough = bodies.length + (await channel.checkQueue(queue)).messageCount;
      await channel.consume(queue, (message) => {
        if (!message) return;
        bodies.push(message.content.toString());
        channel.ack(message);
      });
      while (bodies.length < enough || !isAll(bodies)) {
        if (performance.now() > deadline) throw new Error(`the ${bodies.length} messages of ${queue} are not all`);
        await sleep(50);
      }
      return bodies;
    };
    try {
      return await Promise.race([read(), loss]);
    } finally {
      connection.close().catch(() => {});
    }
  }, withinMs);
}
