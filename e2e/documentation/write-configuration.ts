/** `npm run configuration`: writes the tables of settings that are checked in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pagesWithSettings } from './configuration.ts';

const root = join(import.meta.dirname, '../..');
for (const { path, text } of await pagesWithSettings(root)) writeFileSync(join(root, path), text);
