import { join } from 'node:path';
import { pagesWithSettings } from './configuration.ts';

it('every table of settings is as the services read them', async () => {
  const pages = await pagesWithSettings(join(__dirname, '../..'));
  const drifted = pages.filter(({ text, asItIs }) => text !== asItIs).map(({ path }) => path);
  if (drifted.length === 0) return;
  throw new Error(
    `${drifted.join(', ')} has drifted from the services' schemas. Make it again with: npm run configuration`,
  );
});
