import { Fault } from '@shop/chassis/base/fault.ts';
import type { Gateway, ProgressTimeout } from '../gateway.ts';
import type { ListedOrder, ListedProduct } from './audit.ts';
import { listAll } from './listing.ts';
import type { OrderRequest } from './order-request.ts';
import { eachConcurrently } from './pace.ts';
import type { Target } from './reachable.ts';
import { isOfRun, isPastRun } from './watch-stock.ts';

export interface Collecting {
  gateway: Gateway;
  target: Target;
  concurrency: number;
  timeout: ProgressTimeout;
}

const gaveUp = 'no response for minutes';

/** Every order that the API lists for the customers of these requests, whether or not it got a response. */
export async function listOrdersOf(requests: OrderRequest[], collecting: Collecting): Promise<ListedOrder[]> {
  const { gateway, target, concurrency, timeout } = collecting;
  // A customer id that the API refuses cannot have orders and cannot be used as a filter.
  const askable = requests.filter(({ invalid }) => !invalid.some(({ pointer }) => pointer === '/customerId'));
  const customers = [...new Set(askable.map((request) => request.customerId))];
  const orders: ListedOrder[] = [];
  await eachConcurrently(customers, concurrency, async (customer) => {
    const path = `/orders?customerId=${encodeURIComponent(customer)}`;
    const listed = await listAll<ListedOrder>(gateway, { path, apiKey: target.storefrontKey, timeout });
    if (!listed) throw new Fault(gaveUp);
    orders.push(...listed);
    timeout.progress();
  });
  return orders;
}

/** Every product of this run that the API lists. */
export async function listProductsOf(run: string, collecting: Collecting): Promise<ListedProduct[]> {
  const { gateway, target, timeout } = collecting;
  const goOn = (page: ListedProduct[]) => !isPastRun(page, run);
  const listing = { path: '/products', apiKey: target.backofficeKey, timeout, goOn };
  const products = await listAll<ListedProduct>(gateway, listing);
  if (!products) throw new Fault(gaveUp);
  return products.filter((product) => isOfRun(product, run));
}
