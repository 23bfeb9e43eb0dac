import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { inventoryServiceConfig } from '../../../inventory-service/src/config.ts';
import { orderServiceConfig } from '../../../order-service/src/config.ts';

describe.each([
  ['.', orderServiceConfig],
  ['order-service', orderServiceConfig],
  ['inventory-service', inventoryServiceConfig],
])('the configuration table in %s/README.md', (folder, schema) => {
  it('has every variable with its default and meaning, in the order of the schema', () => {
    expect(tableOf(folder)).toEqual(rowsOf(schema));
  });
});

/** The rows that the README should have. */
function rowsOf(schema: z.ZodObject): string[][] {
  return Object.entries(schema.shape).map(([name, variable]: [string, z.ZodType]) => {
    const { data: fallback } = variable.safeParse(undefined);
    return [`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, variable.description ?? ''];
  });
}

/** The rows that it has, below the table's head. */
function tableOf(folder: string): string[][] {
  const readme = readFileSync(join(__dirname, '../../..', folder, 'README.md'), 'utf8');
  const table = /^## Configuration\n\n((?:\|.*\n)+)/m.exec(readme)?.[1] ?? '';
  return table
    .trimEnd()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .slice(2)
    .map((cells) => cells.slice(1, -1));
}
