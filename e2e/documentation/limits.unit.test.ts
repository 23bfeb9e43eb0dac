import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LARGEST_BODY_BYTES } from '@shop/chassis/reliable/messaging/read-delivery.ts';

const pages: [page: string, sentence: RegExp][] = [
  ['docs/limits.md', /^\| one message +\| (\d+) KiB /m],
  ['order-service/README.md', /`too-large`.*More than (\d+) KiB/],
  ['chassis/README.md', /`too-large` above (\d+) KiB/],
];

it.each(pages)('%s states the maximum size of a message', (page, sentence) => {
  const text = readFileSync(join(__dirname, '../..', page), 'utf8');
  expect(Number(sentence.exec(text)?.[1]) * 1024).toBe(LARGEST_BODY_BYTES);
});
