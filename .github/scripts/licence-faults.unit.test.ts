import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lockfile, licenceFaults } from './licence-faults.ts';

const ours: Lockfile = JSON.parse(readFileSync(join(__dirname, '../../package-lock.json'), 'utf8'));

function faultsWith(path: string, entry: Lockfile['packages'][string]): string[] {
  return licenceFaults({ packages: { ...ours.packages, [path]: { version: '1.0.0', ...entry } } });
}

describe('licenceFaults', () => {
  it('finds nothing in package-lock.json', () => {
    expect(licenceFaults(ours)).toEqual([]);
  });

  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'GPL-2.0-only OR Apache-2.0', 'Apache-2.0 AND MIT'])(
    'takes %s',
    (license) => {
      expect(faultsWith('node_modules/new', { license })).toEqual([]);
    },
  );

  it.each([
    'AGPL-3.0-only',
    'MIT AND GPL-3.0-only',
    '(MIT OR ISC) AND GPL-3.0-only',
    'SEE LICENSE IN LICENSE.md',
    'mit',
    '',
  ])('finds %j', (license) => {
    expect(faultsWith('node_modules/new', { license })).toEqual([`new 1.0.0: ${license}`]);
  });

  it('finds a package without a licence, also inside another one', () => {
    expect(faultsWith('node_modules/old/node_modules/@its/new', {})).toEqual(['@its/new 1.0.0: an unknown licence']);
  });

  it('ignores development dependencies and workspaces', () => {
    expect(faultsWith('node_modules/new', { license: 'AGPL-3.0-only', dev: true })).toEqual([]);
    expect(faultsWith('node_modules/@shop/new', { link: true })).toEqual([]);
    expect(faultsWith('new', { license: 'UNLICENSED' })).toEqual([]);
  });

  it('reports a lockfile without packages', () => {
    expect(licenceFaults({ packages: {} })).toEqual(['package-lock.json lists no packages']);
  });
});
