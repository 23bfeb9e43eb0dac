import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const guarantees = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');

describe('docs/guarantees.md', () => {
  const named = [...guarantees.matchAll(/`([^`\s]+\.test\.ts)`: "([^"]+)"/g)].map(([, file = '', test = '']) => ({
    file,
    test,
  }));

  it.each(named)('names a test that exists: $file "$test"', ({ file, test }) => {
    const source = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
    expect(source).toContain(`('${test}'`);
  });

  it('names every test in the form that is checked', () => {
    expect(named).toHaveLength([...guarantees.matchAll(/\.test\.ts/g)].length);
  });

  it('shows every promise by a test', () => {
    const promises = guarantees.split(/^## /m).slice(1);
    const unproven = promises.filter((text) => !text.includes('.test.ts`: "')).map((text) => text.split('\n')[0]);
    expect({ promises: promises.length, unproven }).toEqual({ promises: expect.any(Number), unproven: [] });
    expect(promises.length).toBeGreaterThan(5);
  });
});
