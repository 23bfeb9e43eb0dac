import { Fault } from '@shop/chassis/base/fault.ts';
import type { Gateway, ProgressTimeout } from '../gateway.ts';
import { untilAnswered } from '../gateway.ts';
import { eachConcurrently } from './pace.ts';

export interface NewProduct {
  sku: string;
  name: string;
  stock: number;
}

export interface Making {
  gateway: Gateway;
  backofficeKey: string;
  concurrency: number;
  timeout: ProgressTimeout;
  onMade: () => void;
}

/** Creates every product with its stock. The keys are derived from the SKUs, so repeating it changes nothing. */
export async function makeProducts(products: NewProduct[], making: Making): Promise<void> {
  await eachConcurrently(products, making.concurrency, async ({ sku, name, stock }) => {
    await post(making, '/products', `product-${sku}`, { sku, name }, 201);
    // The API refuses an adjustment by 0, so a product without stock gets none.
    if (stock > 0) {
      const adjustment = { delta: stock, reason: 'stock of a replay' };
      await post(making, `/products/${sku}/adjustments`, `stock-${sku}`, adjustment, 200);
    }
    making.timeout.progress();
    making.onMade();
  });
}

async function post(making: Making, path: string, idempotencyKey: string, body: object, expected: number) {
  const { gateway, backofficeKey, timeout } = making;
  const call = { method: 'POST', path, apiKey: backofficeKey, idempotencyKey, body: JSON.stringify(body) } as const;
  const answer = await untilAnswered(() => gateway.attempt(call), timeout);
  if (!answer) throw new Fault(`POST ${path} got no response for minutes: the system is not working.`);
  if (answer.status === expected) return;
  if (answer.status === 422 || answer.status === 409) {
    throw new Fault(
      `This --run was used before with another file, --stock or --limit (POST ${path}: ${answer.status} ${answer.code}).`,
    );
  }
  throw new Fault(`POST ${path} failed with ${answer.status}: ${answer.text.slice(0, 300)}`);
}

/** A product's name from the file, adapted to the API's limits. */
export function productName(description: string | undefined, stockCode: string): string {
  const text = (description ?? '').replace(/\p{Cc}+/gu, ' ').trim();
  return [...(text || stockCode)].slice(0, 200).join('');
}
