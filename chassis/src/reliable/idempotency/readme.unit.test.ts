import { readFileSync } from 'node:fs';
import { join } from 'node:path';

it('the README shows code that is compiled and run', () => {
  const readme = readFileSync(join(__dirname, 'README.md'), 'utf8');
  const service = readFileSync(join(__dirname, '../../testing/labels-service.ts'), 'utf8');
  const shown = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(shown).toHaveLength(4);
  for (const code of shown) expect(service).toContain(code);
});
