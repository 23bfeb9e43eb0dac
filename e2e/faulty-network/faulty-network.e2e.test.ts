import { startSystem } from '../system.ts';
import { expectOneOrderEach, placeOrders } from './place-orders.ts';

it('@shop/client places each order once over a network that loses, delays, duplicates and truncates', async () => {
  const system = await startSystem(1);
  expectOneOrderEach(300, await placeOrders(system, 300));
});
