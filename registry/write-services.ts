/** `npm run services`: updates all files that list the services from services.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registeredFiles } from './files.ts';

const root = join(import.meta.dirname, '..');
for (const { path, asItIs, text } of await registeredFiles(root)) {
  if (text === asItIs) continue;
  writeFileSync(join(root, path), text);
  console.log(path);
}
