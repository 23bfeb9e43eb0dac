/** `npm run build --workspace web [-- folder]`: builds the pages, by default where `npm start` looks for them. */
import { resolve } from 'node:path';
import { buildInto, bundleFolder, ensureBundle } from './bundle.ts';

const folder = process.argv[2];
if (folder === undefined) await ensureBundle();
else await buildInto(resolve(folder));
console.log(folder ?? bundleFolder());
