/** As faulty-network.e2e.test.ts, with enough calls for rare combinations of two faults. */
import { startSystem } from '../system.ts';
import { expectOneOrderEach, placeOrders } from './place-orders.ts';

it('10,000 calls over a network that loses, delays, duplicates and truncates are 10,000 orders', async () => {
  const system = await startSystem();
  const began = performance.now();
  const placings = await placeOrders(system, 10_000);
  const { requests, confirmed, rejected, faults } = placings;
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(JSON.stringify({ seconds, requests, confirmed, rejected, faults }));
  expectOneOrderEach(10_000, placings);
}, 900_000);
