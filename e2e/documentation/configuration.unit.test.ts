import { join } from 'node:path';
import { pagesWithSettings } from './configuration.ts';

it('every table of settings is up to date with the schemas of the services', async () => {
  const pages = await pagesWithSettings(join(__dirname, '../..'));
  const drifted = pages.filter(({ text, asItIs }) => text !== asItIs).map(({ path }) => path);
  if (drifted.length === 0) return;
  throw new Error(`${drifted.join(', ')} differs from the services' schemas. To regenerate it: npm run configuration`);
});
