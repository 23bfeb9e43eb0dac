import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { anchorsOf, faultsOn, findPages } from './links.ts';

const root = join(__dirname, '../..');
const pages = findPages(root);

describe('the pages of the project', () => {
  it('are found, including those in hidden folders', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/faq.md', '.github/workflows/README.md']));
    expect(pages.filter((page) => page.includes('node_modules'))).toEqual([]);
  });

  it.each(pages)('%s has no broken link', (page) => {
    const faults = faultsOn(root, page).map(({ line, target, reason }) => `${page}:${line} ${target}: ${reason}`);
    expect(faults).toEqual([]);
  });
});

describe('a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-links-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const faults = (text: string) => {
    writeFileSync(join(folder, 'page.md'), `# Two Words, \`code\`: and more?\n\n${text}\n`);
    return faultsOn(folder, 'page.md').map(({ line, reason }) => [line, reason]);
  };

  it.each([
    ['[a](page.md) [b](#two-words-code-and-more) [c](page.md#two-words-code-and-more) <https://example.com>'],
    ['[a](https://example.com/nowhere.md) `[b](code.md)`'],
    ['```md\n[a](block.md)\n```'],
  ])('accepts %j', (text) => {
    expect(faults(text)).toEqual([]);
  });

  it.each([
    ['[a](no.md)', 'there is no such file'],
    ['[a](#two-words)', 'the page has no such heading'],
    ['[a](../../etc/hosts)', 'it is outside the project'],
    ['```\n```\n[a](no.md)', 'there is no such file'],
  ])('refuses %j', (text, reason) => {
    expect(faults(text)).toEqual([[2 + text.split('\n').length, reason]]);
  });

  it('numbers headings with the same name', () => {
    expect([...anchorsOf('## The same\n\n## The same\n')]).toEqual(['the-same', 'the-same-1']);
  });
});
