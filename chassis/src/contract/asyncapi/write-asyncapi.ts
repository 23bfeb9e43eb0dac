/** `npm run asyncapi`: writes the document that is checked in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedInText } from './checked-in.ts';

const folder = join(import.meta.dirname, '../..');
writeFileSync(join(folder, 'asyncapi.yaml'), checkedInText(folder));
