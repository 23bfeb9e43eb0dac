import { isRefusal } from '../../clients/typescript/src/index.ts';
import { ask, connectClient, toFault } from './ask.ts';
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
  const { products } = connectClient(lookUp, 'BACKOFFICE_KEY');
  return (await ask(products.list({ limit: 1 }).page())).items.length === 0;
}

/** Creates the demo products through the gateway. Its keys are fixed, so repeating it changes nothing. */
export async function seedDemoProducts(lookUp: LookUp): Promise<void> {
  const { products } = connectClient(lookUp, 'BACKOFFICE_KEY');
  for (const { sku, name, stock } of demoProducts) {
    await products.create({ sku, name }, { key: `demo-product-${sku}` }).catch((error: unknown) => {
      // A product with that SKU already exists with other data; the adjustment below is still made.
      if (!isRefusal(error, 'product-exists')) throw toFault(error);
    });
    await ask(products.adjust(sku, { delta: stock, reason: 'demo stock' }, { key: `demo-stock-${sku}` }));
  }
}
