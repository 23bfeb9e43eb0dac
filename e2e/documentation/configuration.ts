import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inventoryServiceConfig } from '@shop/inventory-service/config.ts';
import { orderServiceConfig } from '@shop/order-service/config.ts';
import type { z } from 'zod';
import { toTable } from './table.ts';

const services = { 'order-service': orderServiceConfig, 'inventory-service': inventoryServiceConfig };
const reference = {
  path: 'docs/configuration.md',
  heading: 'Settings of the services',
  rows: [
    ['Name', 'Default', 'Meaning', 'Read by'],
    ...rowsOf({ ...inventoryServiceConfig.shape, ...orderServiceConfig.shape }).map(([name = '', ...row]) => [
      name,
      ...row,
      readersOf(name.replaceAll('`', '')),
    ]),
  ],
};
const tables = [
  reference,
  ...Object.entries(services).map(([service, { shape }]) => ({
    path: `${service}/README.md`,
    heading: 'Configuration',
    rows: [['Name', 'Default', 'Meaning'], ...rowsOf(shape)],
  })),
];

/** Every page that has a table of settings, with the table as the services' schemas make it. */
export function pagesWithSettings(root: string): { path: string; text: string; asItIs: string }[] {
  return tables.map(({ path, heading, rows }) => {
    const asItIs = readFileSync(join(root, path), 'utf8');
    return { path, asItIs, text: withTable(asItIs, heading, toTable(rows)) };
  });
}

function rowsOf(shape: Record<string, z.ZodType>): string[][] {
  return Object.entries(shape).map(([name, variable]) => {
    const { data: fallback } = variable.safeParse(undefined);
    return [`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, variable.description ?? ''];
  });
}

function readersOf(name: string): string {
  const readers = Object.entries(services).flatMap(([service, { shape }]) => (name in shape ? [service] : []));
  return readers.length === 2 ? 'both' : readers.join();
}

/** The first table below the heading is replaced, whatever it was. */
function withTable(page: string, heading: string, table: string): string {
  const start = page.search(new RegExp(`^#+ ${heading}$`, 'm'));
  const found = start === -1 ? undefined : /^(?:\|.*\n)+/m.exec(page.slice(start));
  if (!found) throw new Error(`there is no table below "${heading}"`);
  const at = start + found.index;
  return page.slice(0, at) + table + page.slice(at + found[0].length);
}
