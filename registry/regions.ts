/**
 * A region of a file is the text between two marks, which are comments in the file's language:
 *
 *   # [services.ts: databases]
 *   …
 *   # [end]
 */
const MARKS = /^(.*\[services\.ts: ([a-z -]+)\].*\n)([\s\S]*?)(^.*\[end\].*(?:\n|$))/gm;

/** The text with all regions replaced. Throws if the regions of the text are not exactly these. */
export function withRegions(text: string, regions: Readonly<Record<string, string>>): string {
  const found = [...new Set([...text.matchAll(MARKS)].map(([, , name = '']) => name))];
  const wanted = Object.keys(regions);
  if (found.toSorted().join() !== wanted.toSorted().join()) {
    throw new Error(`found the regions "${found.join('", "')}" instead of "${wanted.join('", "')}"`);
  }
  return text.replace(MARKS, (_, begin: string, name: string, _body, end: string) => begin + regions[name] + end);
}

/** The concatenated texts of all items. */
export function forEachOf<Item>(items: readonly Item[], write: (item: Item) => string): string {
  return items.map(write).join('');
}

/** The same with an empty line between them. */
export function blocksOf<Item>(items: readonly Item[], write: (item: Item) => string): string {
  return items.map(write).join('\n');
}

/** A list of texts in JSON, on one line. */
export function jsonList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
}
