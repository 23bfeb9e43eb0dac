/** What is pure stays pure: biome.json and pure.grit name the pure files, and here none is forgotten. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { services } from '../services.ts';

const root = join(__dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const rules = JSON.parse(read('biome.json')) as { plugins: { path: string; includes: string[] }[] };
const listed = rules.plugins.find(({ path }) => path.endsWith('/pure.grit'))?.includes ?? [];
/** Of the chassis it is listed by hand: most of what has no I/O there takes a value from a library. */
const ofChassis = listed.filter((file) => file.startsWith('chassis/'));

/** What may be pure: the files of features, without tests and without those whose name says that they are SQL. */
function featureFiles(folder: string): string[] {
  return readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(?!db\/)[a-z-]+\/.*(?<!\.test|\.sql|\.d)\.ts$/.test(file))
    .map((file) => join(folder, 'src', file));
}

/** From where a file takes values: types leave no trace in what runs. */
function sourcesOf(file: string): string[] {
  const imports = read(file).matchAll(/^(?:import|export) (?!type )(?:[^;'"]*? from )?'([^']+)';/gm);
  return [...imports].map(([, source = '']) =>
    source.startsWith('.') ? join(dirname(file), source) : source.replace('@shop/chassis/', 'chassis/src/'),
  );
}

/** Those that take values from one another only: all of them, less whatever takes one from elsewhere. */
function pureAmong(files: readonly string[]): string[] {
  const left = files.filter((file) => sourcesOf(file).every((source) => [...files, ...ofChassis].includes(source)));
  return left.length === files.length ? left : pureAmong(left);
}

it('biome.json lists every pure file of the services', () => {
  const pure = pureAmong(services.flatMap(({ folder }) => featureFiles(folder)));
  expect(pure.length).toBeGreaterThan(5);
  expect(listed.toSorted()).toEqual([...ofChassis, ...pure].sort());
});

it('pure.grit lets a pure file take values from the listed ones', () => {
  const [, names = ''] = /\(\?:([a-z|-]+)\)\\\.ts/.exec(read('lint-rules/pure.grit')) ?? [];
  const ofServices = listed.filter((file) => !ofChassis.includes(file));
  expect(names.split('|')).toEqual(ofServices.map((file) => basename(file, '.ts')).sort());
});
