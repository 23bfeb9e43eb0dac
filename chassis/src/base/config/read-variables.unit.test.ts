import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { atEnd } from '../../testing/at-end.ts';
import { formerly, mayBeEmpty, readConfig } from './read-config.ts';
import { readVariables } from './read-variables.ts';

const folder = mkdtempSync(join(tmpdir(), 'shop-variables-'));
atEnd(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('readVariables', () => {
  it('takes a variable from the environment or from its file, without the last line break', () => {
    const env = { A: 'one', B_FILE: file('b', ' two \n\n'), C: '', C_FILE: file('c', 'three\r\n'), D_FILE: '', E: 'e' };
    expect(readVariables(['A', 'B', 'C', 'D'], env)).toEqual({
      values: { A: 'one', B: ' two \n', C: 'three' },
      faults: [],
    });
  });

  it('names what is set twice, empty or not to be read, and no value', () => {
    const env = { A: 'secret', A_FILE: file('a', 'secret'), B_FILE: file('empty', '\n'), C_FILE: join(folder, 'gone') };
    const { faults } = readVariables(['A', 'B', 'C'], env);
    expect(faults).toEqual([
      { name: 'A', message: 'Set A or A_FILE, not both.' },
      { name: 'B', message: `The file ${env.B_FILE} is empty.` },
      { name: 'C', message: `The file ${env.C_FILE} cannot be read (ENOENT).` },
    ]);
  });
});

it('takes an empty file for none, where that is allowed', () => {
  const schema = z.object({ MAIL: mayBeEmpty(z.string().min(4).optional()), KEY: z.string().optional() });
  const empty = file('none', '\n');
  expect(readConfig(schema, { MAIL_FILE: empty })).toEqual({});
  expect(readConfig(schema, { MAIL_FILE: file('mail', 'smtp') })).toEqual({ MAIL: 'smtp' });
  expect(() => readConfig(schema, { MAIL_FILE: empty, KEY_FILE: empty })).toThrow(`KEY: The file ${empty} is empty.`);
  expect(() => readConfig(schema, { MAIL_FILE: join(folder, 'gone') })).toThrow('ENOENT');
});

describe('readConfig', () => {
  const schema = z.object({ TOKEN: z.string().min(4), PORT: z.coerce.number() });

  it('reads files too', () => {
    expect(readConfig(schema, { TOKEN_FILE: file('token', 'abcd\n'), PORT: '1' })).toEqual({ TOKEN: 'abcd', PORT: 1 });
  });

  it('reports the faults of files and of values together, each variable once', () => {
    const env = { TOKEN_FILE: join(folder, 'gone'), PORT: 'x' };
    expect(() => readConfig(schema, env)).toThrow(
      `Invalid configuration:\n  TOKEN: The file ${env.TOKEN_FILE} cannot be read (ENOENT).\n  PORT: `,
    );
    expect(() => readConfig(schema, env)).not.toThrow(/TOKEN: Invalid/);
  });

  describe('of a variable that had another name', () => {
    const renamed = z.object({ NEW: formerly('OLD', z.string().min(4)) });

    it.each([
      ['the former name, where the new one is not set', { OLD: 'formerly', NEW: '' }, 'formerly'],
      ['the file of the former name', { OLD_FILE: file('old', 'formerly\n') }, 'formerly'],
      ['the new name, where both are set', { OLD: 'formerly', NEW: 'from now on' }, 'from now on'],
    ])('reads %s', (_case, env, value) => {
      expect(readConfig(renamed, env)).toEqual({ NEW: value });
    });

    it('reports the fault under the name that was read', () => {
      const gone = join(folder, 'gone');
      expect(() => readConfig(renamed, { OLD_FILE: gone })).toThrow(`  OLD: The file ${gone} cannot be read (ENOENT).`);
      expect(() => readConfig(renamed, { NEW_FILE: gone, OLD: 'formerly' })).toThrow(`  NEW: The file ${gone} cannot`);
    });
  });
});
