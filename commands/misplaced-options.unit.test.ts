import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';
import { services } from '../services.ts';
import { explainMisplacedOptions } from './misplaced-options.mjs';

describe('explainMisplacedOptions', () => {
  const files = [
    'local/src/arguments.ts',
    '{operator/src,chaos,bench,web/looks}/**/options.ts',
    '{spec,monitoring/trial}/main.ts',
  ];
  const declared = globSync(files, { cwd: repositoryRoot() }).flatMap((file) => {
    const text = readFileSync(join(repositoryRoot(), file), 'utf8');
    return [...text.matchAll(/^\s+'?([a-zA-Z-]+)'?: \{ type: '(?:string|boolean)'/gm)].map(([, name = '']) => name);
  });
  declared.push(...services.map(({ countOption }) => countOption));
  // npm answers --help itself; it and its own --key are no sign that something went wrong.
  const options = [...new Set(declared)].filter((name) => name !== 'help' && name !== 'key');

  it('knows the options of every script', () => {
    expect(options.length).toBeGreaterThan(25);
    const missed = options.filter((name) => {
      const npm = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'node commands/bootstrap.mjs start' };
      const kept = { ...npm, [`npm_config_${name.replaceAll('-', '_')}`]: 'true' };
      return !explainMisplacedOptions(['start'], kept)?.includes(` -- --${name}\n`);
    });
    expect(missed).toEqual([]);
  });

  it('says nothing when npm kept none, or when npm did not run the command', () => {
    const npm = { npm_config_loglevel: 'silent', npm_config_cache: '/root/.npm', npm_config_fund: '' };
    expect(explainMisplacedOptions(['start', '--fresh'], { npm_lifecycle_event: 'start', ...npm })).toBeUndefined();
    expect(explainMisplacedOptions(['start', '--fresh'], { npm_config_port: 'true' })).toBeUndefined();
  });
});
