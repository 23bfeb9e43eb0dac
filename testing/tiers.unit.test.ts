import { globSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';
import { filesOf, parseArguments, type SlowProof, slowProofs } from './tiers.ts';

const proofs = Object.keys(slowProofs) as SlowProof[];

it('every slow test belongs to one slow proof', () => {
  const files = globSync(['**/*.system.test.ts', '.github/**/*.system.test.ts'], {
    cwd: repositoryRoot(),
    exclude: ['**/node_modules', '.local'],
  });
  expect(files.length).toBeGreaterThan(15);
  const owners = files.map((file) => [file, proofs.filter((proof) => matchesGlob(file, filesOf(proof)))] as const);
  expect(owners.filter(([, found]) => found.length !== 1)).toEqual([]);
  expect(new Set(owners.flatMap(([, found]) => found))).toEqual(new Set(proofs));
});

describe('parseArguments', () => {
  it.each([
    [
      'tiers from arguments of jest',
      ['unit', 'int', 'order-service', '-t', 'last unit'],
      { selected: ['unit', 'int'], jestArgs: ['order-service', '-t', 'last unit'] },
    ],
    ['slow proofs from it', ['chaos', 'deploy', '-t', 'v2'], { selected: ['chaos', 'deploy'], jestArgs: ['-t', 'v2'] }],
    ['a folder from a slow proof of its name', ['unit', 'chaos'], { selected: ['unit'], jestArgs: ['chaos'] }],
    ['only the tier, of nothing else', ['system'], { selected: ['system'], jestArgs: [] }],
    ['what follows two dashes', ['int', '--', 'e2e'], { selected: ['int'], jestArgs: ['e2e'] }],
  ])('distinguishes %s', (_what, args, parsed) => {
    expect(parseArguments(args)).toEqual(parsed);
  });

  it('knows --help, before any tier only', () => {
    expect(parseArguments(['--help'])).toBe('help');
    expect(parseArguments(['int', '--help'])).toEqual({ selected: ['int'], jestArgs: ['--help'] });
  });
});
