import { join } from 'node:path';
import { pagesWithSettings } from './configuration.ts';

it.each(pagesWithSettings(join(__dirname, '../..')))('$path has every setting as its service reads it', (page) => {
  if (page.text === page.asItIs) return;
  throw new Error(`${page.path} has drifted from the services' schemas. Make it again with: npm run configuration`);
});
