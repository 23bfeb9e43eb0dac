import { urlOf } from './addresses.ts';
import { Fault } from './fault.ts';
import type { Plan } from './plan.ts';

/** Products to try things with; LAST-ONE has a single unit, to see an order refused. */
const demoProducts = [
  { sku: 'MUG-BLUE', name: 'Mug, blue', stock: 250 },
  { sku: 'TSHIRT-M', name: 'T-shirt, medium', stock: 120 },
  { sku: 'LAMP-01', name: 'Desk lamp', stock: 40 },
  { sku: 'LAST-ONE', name: 'The last of its kind', stock: 1 },
];

/** The product that examples order. */
export const demoSku = 'MUG-BLUE';

/** Whether nobody has made a product yet. */
export async function hasNoProducts(plan: Plan): Promise<boolean> {
  const { status, text } = await call(plan, 'GET', '/products?limit=1', {});
  if (status !== 200) throw new Fault(`GET /products was answered with ${status}: ${text}`);
  return (JSON.parse(text) as { items: unknown[] }).items.length === 0;
}

/** Makes the demo products through the gateway. Fixed keys: done again, it changes nothing. */
export async function seedDemoProducts(plan: Plan): Promise<void> {
  for (const { sku, name, stock } of demoProducts) {
    // 409: somebody made a product of that name otherwise; its stock is theirs, but the adjustment below is still ours.
    await post(plan, '/products', `demo-product-${sku}`, { sku, name }, [201, 409]);
    await post(
      plan,
      `/products/${sku}/adjustments`,
      `demo-stock-${sku}`,
      { delta: stock, reason: 'demo stock' },
      [200],
    );
  }
}

async function post(plan: Plan, path: string, key: string, body: object, expected: number[]): Promise<void> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const { status, text } = await call(plan, 'POST', path, headers, JSON.stringify(body));
  if (!expected.includes(status)) throw new Fault(`POST ${path} was answered with ${status}: ${text}`);
}

async function call(plan: Plan, method: string, path: string, headers: Record<string, string>, body?: string) {
  try {
    const response = await fetch(`${urlOf(plan, 'gateway')}${path}`, {
      method,
      headers: { ...headers, apikey: plan.deck.DECK_BACKOFFICE_KEY ?? '' },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    throw new Fault(`The gateway at ${urlOf(plan, 'gateway')} does not answer: ${cause?.message ?? message}`);
  }
}
