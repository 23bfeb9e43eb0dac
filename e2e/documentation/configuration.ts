import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { services } from '../../services.ts';
import { toTable } from './table.ts';

type Shape = Record<string, z.ZodType>;

/** Every page with a table of settings, generated from the schemas of the services. */
export async function pagesWithSettings(root: string): Promise<{ path: string; text: string; asItIs: string }[]> {
  const readers = await Promise.all(
    services.map(async ({ folder }) => {
      const { settings }: { settings: { shape: Shape } } = await import(join(root, folder, 'src/config.ts'));
      return { folder, shape: settings.shape };
    }),
  );
  const all: Shape = Object.assign({}, ...readers.toReversed().map(({ shape }) => shape));
  const readersOf = (name: string) => {
    const folders = readers.filter(({ shape }) => name in shape).map(({ folder }) => folder);
    return folders.length === readers.length ? 'all' : folders.join(', ');
  };
  const reference = {
    path: 'docs/configuration.md',
    heading: 'Settings of the services',
    rows: [
      ['Name', 'Default', 'Meaning', 'Read by'],
      ...Object.keys(all).map((name) => [...rowOf(name, all), readersOf(name)]),
    ],
  };
  const own = readers.map(({ folder, shape }) => ({
    path: `${folder}/README.md`,
    heading: 'Configuration',
    rows: [['Name', 'Default', 'Meaning'], ...Object.keys(shape).map((name) => rowOf(name, shape))],
  }));
  return [reference, ...own].map(({ path, heading, rows }) => {
    const asItIs = readFileSync(join(root, path), 'utf8');
    return { path, asItIs, text: withTable(asItIs, heading, toTable(rows)) };
  });
}

function rowOf(name: string, shape: Shape): string[] {
  const { data: fallback } = shape[name]?.safeParse(undefined) ?? {};
  return [`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, shape[name]?.description ?? ''];
}

/** Replaces the first table below the heading. */
function withTable(page: string, heading: string, table: string): string {
  const start = page.search(new RegExp(`^#+ ${heading}$`, 'm'));
  const found = start === -1 ? undefined : /^(?:\|.*\n)+/m.exec(page.slice(start));
  if (!found) throw new Error(`there is no table below "${heading}"`);
  const at = start + found.index;
  return page.slice(0, at) + table + page.slice(at + found[0].length);
}
