import { join } from 'node:path';
import { services } from '../services.ts';
import { registeredFiles } from './files.ts';

it('every file that lists the services lists those of services.ts', async () => {
  const files = await registeredFiles(join(__dirname, '..'));
  const drifted = files.filter(({ text, asItIs }) => text !== asItIs).map(({ path }) => path);
  if (drifted.length === 0) return;
  throw new Error(`Outdated, run npm run services: ${drifted.join(', ')}`);
});

it('a service comes before those that it calls, so that these are started and replaced first', () => {
  const names = services.map(({ name }) => name);
  for (const { name, asks } of services) {
    for (const asked of asks) expect(names.indexOf(name)).toBeLessThan(names.indexOf(asked));
  }
});
