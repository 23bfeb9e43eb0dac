/** `npm run asyncapi`: writes the document that is checked in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncapiPage } from './asyncapi.ts';

const { path, text } = await asyncapiPage(join(import.meta.dirname, '../..'));
writeFileSync(path, text);
