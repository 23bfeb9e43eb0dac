import { join } from 'node:path';
import { services } from '../services.ts';
import { registeredFiles } from './files.ts';

it.each(registeredFiles(join(__dirname, '..')))('$path lists the services of services.ts', ({ path, text, asItIs }) => {
  if (text === asItIs) return;
  throw new Error(`${path} has drifted from services.ts. Make it again with: npm run services`);
});

it('a service stands before those that it asks, so that these are started and replaced first', () => {
  const names = services.map(({ name }) => name);
  for (const { name, asks } of services) {
    for (const asked of asks) expect(names.indexOf(name)).toBeLessThan(names.indexOf(asked));
  }
});
