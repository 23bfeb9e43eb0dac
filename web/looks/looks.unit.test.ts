import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOptions } from './options.ts';
import { sheetOf } from './sheet.ts';
import type { Picture } from './take.ts';
import { type Examples, views } from './views.ts';

describe('the views', () => {
  const examples: Required<Examples> = {
    ...{ confirmed: 'ORD-1', rejected: 'ORD-2', shipped: 'ORD-3', cancelled: 'ORD-4', pending: 'ORD-5' },
    ...{
      product: 'MUG-BLUE',
      account: '0195f0a0-0000-7000-8000-00000000000c',
      letter: 'inventory/1',
      group: 'inventory?group=a',
    },
  };
  const addresses = views.map(({ path }) => path(examples)?.split(/[?#]/)[0] ?? '');

  it('have every page of the console', () => {
    const list = readFileSync(join(__dirname, '../console/pages.ts'), 'utf8');
    const pages = [...list.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path);
    expect(pages.length).toBeGreaterThan(8);
    const missing = pages.filter((page) => {
      const pattern = new RegExp(`^${page.replaceAll(/\$\w+/g, '[^/]+')}$`);
      return !addresses.some((address) => pattern.test(address));
    });
    expect(missing).toEqual([]);
  });

  it('have a name each, which is also that of their files', () => {
    const names = views.map(({ page, detail }) => `${page}-${detail}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the options of npm run looks', () => {
  it('choose pages', () => {
    const chosen = parseOptions(['order', 'parts', '--json']);
    expect(chosen).toMatchObject({ here: false, json: true });
    expect(new Set(chosen === 'help' ? [] : chosen.views.map(({ page }) => page))).toEqual(new Set(['order', 'parts']));
    expect(parseOptions([])).toMatchObject({ views, json: false });
  });

  it.each([
    [['basket'], 'looks knows no page "basket"'],
    [['--wide'], "Unknown option '--wide'"],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

it('the sheet has each picture below its page and state, with its width and theme', () => {
  const pictures = (['full', 'empty'] as const).flatMap((state) =>
    ([360, 1280] as const).map(
      (width): Picture => ({ page: 'orders', state, width, theme: 'dark', file: `orders-${state}-${width}-dark.png` }),
    ),
  );
  const sheet = sheetOf(pictures, new Date('2026-01-05T09:00:00Z'));
  for (const { file } of pictures) expect(sheet).toContain(`<img src="${file}"`);
  expect([...sheet.matchAll(/<h[23]>(.*?)<\/h/g)].map(([, title]) => title)).toEqual(['orders', 'full', 'empty']);
  expect(sheet).toContain('<figcaption>360 px, dark</figcaption>');
  expect(sheet).toContain('4 pictures of 2026-01-05 09:00 UTC');
});
