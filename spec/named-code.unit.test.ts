import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { harmfulMutations, harmlessMutations, largeConfigurations, smallConfigurations } from './configurations.ts';

const root = join(__dirname, '..');
const pages = ['README.md', 'order-protocol.pml', 'twins.pml', 'completer-watermark.pml'];
const read = (page: string) => readFileSync(join(__dirname, page), 'utf8');
const sources = globSync('{chassis,order-service,inventory-service,spec}/**/*.ts', {
  cwd: root,
  exclude: (path) => path === 'node_modules',
});
const unique = (names: readonly string[]) => [...new Set(names)].sort();

describe.each(pages)('spec/%s', (page) => {
  it('names only existing files', () => {
    const names = unique([...read(page).matchAll(/[\w-][\w.-]*\.ts\b/g)].map(([name]) => name));
    expect(names.filter((name) => !sources.some((path) => basename(path) === name))).toEqual([]);
  });

  it('names only functions that exist in their file', () => {
    const names = [...read(page).matchAll(/([\w-][\w.-]*\.ts): (\w+)/g)];
    expect(names.length).toBeGreaterThan(0);
    const missing = names.filter(([, file = '', name = '']) => !defines(file, name)).map(([both]) => both);
    expect(unique(missing)).toEqual([]);
  });
});

describe('the mutations', () => {
  const mutations = [...harmfulMutations, ...harmlessMutations];
  const broken = unique(mutations.flatMap(({ defines }) => defines.filter((define) => define.startsWith('M_'))));

  it('are those of the models', () => {
    const inModels = pages.flatMap((page) => (page.endsWith('.pml') ? [...read(page).matchAll(/\bM_[A-Z_]+/g)] : []));
    expect(broken).toEqual(unique(inModels.map(([name]) => name)));
  });

  it('are each explained in the README, like the configurations', () => {
    const names = [...broken.map((name) => name.slice(2)), ...smallConfigurations.map(({ name }) => name)];
    names.push(...largeConfigurations.map(({ name }) => name));
    const readme = read('README.md');
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

function defines(file: string, name: string): boolean {
  const definition = new RegExp(`\\b(function|const) ${name}\\b`);
  const places = sources.filter((path) => basename(path) === file);
  return places.some((path) => definition.test(readFileSync(join(root, path), 'utf8')));
}
