import { join } from 'node:path';
import { services } from '../services.ts';
import { registeredFiles } from './files.ts';

it('every file that lists the services lists those of services.ts', async () => {
  const files = await registeredFiles(join(__dirname, '..'));
  const drifted = files.filter(({ text, asItIs }) => text !== asItIs).map(({ path }) => path);
  if (drifted.length === 0) return;
  throw new Error(`Drifted from services.ts, make them again with npm run services: ${drifted.join(', ')}`);
});

it('a service stands before those that it asks, so that these are started and replaced first', () => {
  const names = services.map(({ name }) => name);
  for (const { name, asks } of services) {
    for (const asked of asks) expect(names.indexOf(name)).toBeLessThan(names.indexOf(asked));
  }
});
