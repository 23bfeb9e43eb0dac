import { Fault } from '@shop/chassis/base/fault.ts';
import { readArguments } from './read-arguments.ts';
import type { LookUp } from './variables.ts';

/** Demo products; LAST-ONE has a single unit, so that an order for it can be rejected. */
const demoProducts = [
  { sku: 'MUG-BLUE', name: 'Mug, blue', stock: 250 },
  { sku: 'TSHIRT-M', name: 'T-shirt, medium', stock: 120 },
  { sku: 'LAMP-01', name: 'Desk lamp', stock: 40 },
  { sku: 'LAST-ONE', name: 'The last of its kind', stock: 1 },
];

/** The product that examples order. */
export const demoSku = 'MUG-BLUE';

const help = `npm run seed                          create the demo products (safe to repeat)`;

/** `npm run seed`. */
export async function seedCommand(args: string[], lookUp: LookUp): Promise<number> {
  if (readArguments(args, {}, false).values.help) {
    console.log(help);
    return 0;
  }
  await seedDemoProducts(lookUp);
  console.log('The demo products exist.');
  return 0;
}

/** Whether there are no products yet. */
export async function hasNoProducts(lookUp: LookUp): Promise<boolean> {
  const { status, text } = await call(lookUp, 'GET', '/products?limit=1', {});
  if (status !== 200) throw new Fault(`GET /products failed with ${status}: ${text}`);
  return (JSON.parse(text) as { items: unknown[] }).items.length === 0;
}

/** Creates the demo products through the gateway. Its keys are fixed, so repeating it changes nothing. */
export async function seedDemoProducts(lookUp: LookUp): Promise<void> {
  for (const { sku, name, stock } of demoProducts) {
    // 409: a product with that SKU already exists with other data; the adjustment below is still made.
    await post(lookUp, '/products', `demo-product-${sku}`, { sku, name }, [201, 409]);
    await post(
      lookUp,
      `/products/${sku}/adjustments`,
      `demo-stock-${sku}`,
      { delta: stock, reason: 'demo stock' },
      [200],
    );
  }
}

async function post(lookUp: LookUp, path: string, key: string, body: object, expected: number[]): Promise<void> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const { status, text } = await call(lookUp, 'POST', path, headers, JSON.stringify(body));
  if (!expected.includes(status)) throw new Fault(`POST ${path} failed with ${status}: ${text}`);
}

async function call(lookUp: LookUp, method: string, path: string, headers: Record<string, string>, body?: string) {
  const { BASE_URL: baseUrl, BACKOFFICE_KEY: apiKey } = lookUp('BASE_URL', 'BACKOFFICE_KEY');
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { ...headers, apikey: apiKey },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    throw new Fault(`The gateway at ${baseUrl} does not respond: ${cause?.message ?? message}`);
  }
}
