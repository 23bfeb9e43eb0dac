/** The tour in the README, pasted into a shell: every answer is as printed there. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type System, startSystem } from './system.ts';

const root = join(__dirname, '..');
let system: System;
beforeAll(async () => {
  system = await startSystem(1);
}, 120_000);
afterAll(() => system?.down(), 60_000);

/** The blocks of one language inside the tour, in order. */
function tourBlocks(language: string): string[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const tour = readme.slice(readme.indexOf('## A tour'), readme.indexOf('## How it works'));
  return [...tour.matchAll(/```(\w+)\n([\s\S]+?)```/g)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

it('prints what the README says', async () => {
  const commands = tourBlocks('sh').join('\n');
  expect(commands).toContain('order tour-1');
  const env = { ...process.env, LOCAL_DIR: system.folder };
  const { stdout } = await promisify(execFile)('bash', ['-c', commands], { cwd: root, env });
  expect(stdout).toBe(tourBlocks('text').join(''));
}, 60_000);
