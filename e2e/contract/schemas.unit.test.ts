/** The schemas in a document accept the same values as the service. */

import { printable, text } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { list } from '@shop/chassis/edge/list.ts';
import { createJsonSchemas } from '@shop/chassis/edge/openapi/json-schemas.ts';
import { limit } from '@shop/chassis/edge/page.ts';
import { adjustmentBody } from '@shop/inventory-service/stock/stock.routes.ts';
import { placeOrderBody } from '@shop/order-service/orders/order-input.ts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { z } from 'zod';

/** A validator built from the document alone. */
function byDocument(schema: z.ZodType): (value: unknown) => boolean {
  const schemas = createJsonSchemas();
  const made = schemas.of(schema, 'input');
  const ajv = new Ajv2020({ strict: false });
  return ajv.compile({ ...made, components: { schemas: schemas.components } });
}

const letters = fc.string({
  unit: fc.constantFrom('a', '9', '.', '-', 'é', '😀', ' ', '\0', '\x1f', '\x7f', '\x85', '\u200b', '\u2028', '\u0378'),
  maxLength: 7,
});

describe('a document agrees with the service about', () => {
  it.each<[string, z.ZodType, fc.Arbitrary<unknown>]>([
    ['text', text(1, 5), letters],
    ['printable text', printable(1, 5), letters],
    ['SKUs', sku, fc.oneof(letters, fc.string({ unit: fc.constantFrom('A', '.', '_'), maxLength: 66 }))],
    ['lists', list(z.int().min(1), 3), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 })],
    ['currencies', placeOrderBody.shape.currency, fc.constantFrom('EUR', 'eur', 'XXX', 'EURO', '', 'DEM')],
    [
      'deltas',
      adjustmentBody.shape.delta,
      fc.constantFrom(-1_000_000_001, -1_000_000_000, -1, 0, 0.5, 1, 1e9, 1e9 + 1),
    ],
  ])('%s', (_what, schema, values) => {
    const accepts = byDocument(schema);
    fc.assert(
      fc.property(values, (value) => {
        expect([value, accepts(value)]).toEqual([value, schema.safeParse(value).success]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('limits of pages, which are sent as text', () => {
    const accepts = byDocument(limit);
    for (const value of [-1, 0, 1, 50, 99, 100, 101, 1_000]) {
      expect([value, accepts(value)]).toEqual([value, limit.safeParse(String(value)).success]);
    }
  });
});

describe('createJsonSchemas', () => {
  it('refuses a name with two meanings', () => {
    const schemas = createJsonSchemas();
    schemas.of(z.string().meta({ id: 'Name' }), 'input');
    expect(() => schemas.of(z.int().meta({ id: 'Name' }), 'input')).toThrow('Name means two things');
  });
});
