import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from './commands.ts';

const { scripts } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

it('every script of package.json that comes here names a command', () => {
  const named = Object.values(scripts).flatMap((line) => /commands\/bootstrap[.]mjs ([\w-]+)/.exec(line)?.[1] ?? []);
  expect(named).toEqual(expect.arrayContaining(['start', 'test', 'seed', 'chaos']));
  expect(named.filter((name) => !Object.hasOwn(commands, name))).toEqual([]);
});
