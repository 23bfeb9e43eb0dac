import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '@shop/operator/read-arguments.ts';
import { type View, views } from './views.ts';

/** Which pages, and of which system. */
export interface Options {
  views: readonly View[];
  here: boolean;
  json: boolean;
}

export const help = `npm run looks -- [page …] [--here] [--json]

Takes pictures of the console: every page at 360 and 1280 px, light and dark, full, empty, while it loads and after
an error. They are in .local/looks/, with index.html to look at all of them. Without --here it starts a
system of its own, fills it with orders, products and failures, and deletes it at the end.

  page        only these pages: ${[...new Set(views.map(({ page }) => page))].join(', ')}
  --here      the system that "npm start" runs in this folder, as it is. The pictures need a member of staff, who is
              added for them and loses the roles at the end. What this system does not have is left out.
  --json      print a JSON object: the folder, and the file of each picture
  --help      print this text

Needs Chromium on the PATH. Exit code: 0 all pictures were taken, 1 not all, 2 invalid usage.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    here: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const names: readonly string[] = positionals;
  const unknown = names.find((name) => !views.some(({ page }) => page === name));
  if (unknown !== undefined) throw new UsageError(`looks knows no page "${unknown}"; --help lists them`);
  const chosen = names.length === 0 ? views : views.filter(({ page }) => names.includes(page));
  return { views: chosen, here: values.here, json: values.json };
}
