/** One of two processes freezes under load: what the gateway's balancing makes of it. */
import { anOrderOf, type System, startSystem, withKey } from './system.ts';

const CLIENTS = 16;

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

/** Orders by clients that wait for their answers; each answer's status and second. */
async function placeOrders(sku: string, seconds: number): Promise<{ status: number; second: number }[]> {
  const began = performance.now();
  const second = () => Math.floor((performance.now() - began) / 1_000);
  const answers: { status: number; second: number }[] = [];
  async function runClient(): Promise<void> {
    while (second() < seconds) {
      const { status } = await system.storefront('POST', '/orders', anOrderOf(sku), withKey());
      answers.push({ status, second: second() });
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, runClient));
  return answers;
}

const perSecond = (answers: { second: number }[], from: number, to: number) =>
  answers.filter(({ second }) => second >= from && second < to).length / (to - from);

describe('one of two processes of order-service frozen', () => {
  it('costs less than 5 % of the requests, and after the first second at most half of the rate', async () => {
    const sku = await system.product(1_000_000);
    await placeOrders(sku, 3); // warm
    const usual = await placeOrders(sku, 8);
    await system.control('pause', 'order-1');
    const frozen = await placeOrders(sku, 12);
    await system.control('resume', 'order-1');
    const failed = frozen.filter(({ status }) => status >= 500);
    expect(failed.length / frozen.length).toBeLessThan(0.05);
    expect(perSecond(frozen, 1, 12)).toBeGreaterThan(perSecond(usual, 1, 8) / 2);
  });
});
