/**
 * A region of a file is what stands between two marks, each in a comment of the file's own language:
 *
 *   # [services.ts: databases]
 *   …
 *   # [end]
 */
const MARKS = /^(.*\[services\.ts: ([a-z -]+)\].*\n)([\s\S]*?)(^.*\[end\].*(?:\n|$))/gm;

/** The text with each of its regions made again, wherever it stands; throws when the text has others than these. */
export function withRegions(text: string, regions: Readonly<Record<string, string>>): string {
  const found = [...new Set([...text.matchAll(MARKS)].map(([, , name = '']) => name))];
  const wanted = Object.keys(regions);
  if (found.toSorted().join() !== wanted.toSorted().join()) {
    throw new Error(`it has the regions "${found.join('", "')}" instead of "${wanted.join('", "')}"`);
  }
  return text.replace(MARKS, (_, begin: string, name: string, _body, end: string) => begin + regions[name] + end);
}

/** A text for each of these, one after the other. */
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
