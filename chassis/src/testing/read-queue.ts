import { setTimeout as sleep } from 'node:timers/promises';
import amqplib from 'amqplib';
import { eventually } from './eventually.ts';

/**
 * Consume all messages of a queue, and wait for more until `isAll` returns true. A lost connection is opened again, because a
 * broker that has just started may close its first connections with an internal error; a message may then be returned twice.
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
    // Pending calls of amqplib never settle after their connection is lost.
    const loss = new Promise<never>((_, lost) => {
      connection.on('error', lost).once('close', () => lost(new Error('the broker closed the connection')));
    });
    loss.catch(() => {});
    const read = async () => {
      const channel = await connection.createChannel();
      channel.on('error', () => {}); // the call rejects as well
      const enough = bodies.length + (await channel.checkQueue(queue)).messageCount;
      await channel.consume(queue, (message) => {
        if (!message) return;
        bodies.push(message.content.toString());
        channel.ack(message);
      });
      while (bodies.length < enough || !isAll(bodies)) {
        if (performance.now() > deadline) throw new Error(`timed out after ${bodies.length} messages of ${queue}`);
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
