/** As the test of every day, with so many that the rare meetings of two faults are among them. */
import { startSystem } from '../system.ts';
import { expectOneOrderEach, placeOrders } from './place-orders.ts';

it('10,000 calls over a network that loses, delays, doubles and cuts are 10,000 orders', async () => {
  const system = await startSystem();
  const began = performance.now();
  const placings = await placeOrders(system, 10_000);
  const { requests, confirmed, rejected, faults } = placings;
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(JSON.stringify({ seconds, requests, confirmed, rejected, faults }));
  expectOneOrderEach(10_000, placings);
}, 900_000);
