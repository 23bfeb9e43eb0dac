/** The commands and code in the documentation do what it says. */

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { type System, startSystem } from './system.ts';

const run = promisify(execFile);
const root = join(__dirname, '..');
let system: System;
beforeAll(async () => {
  system = await startSystem(1);
});

/** The code blocks of one language on a page or in a section, in order. */
function blocks(page: string, language: string, from = '', to = ''): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const part = text.slice(text.indexOf(from), to === '' ? undefined : text.indexOf(to));
  return [...part.matchAll(/```(\w+)\n([\s\S]+?)```/g)].flatMap(([, name, code = '']) =>
    name === language ? [code] : [],
  );
}
const tourBlocks = (language: string) => blocks('README.md', language, '## A tour', '## How it works');

async function paste(commands: string): Promise<string> {
  const env = { ...process.env, LOCAL_DIR: system.folder };
  return (await run('bash', ['-c', commands], { cwd: root, env })).stdout;
}

it('the tour prints what the README says', async () => {
  const commands = tourBlocks('sh').join('\n');
  expect(commands).toContain('order tour-1');
  expect(await paste(commands)).toBe(tourBlocks('text').join(''));
});

it('getting started does what it says', async () => {
  const [start, ...steps] = blocks('docs/getting-started.md', 'sh');
  expect(start).toBe('npm start\n'); // done
  const printed = await paste(steps.join('\n'));
  expect(printed.match(/^HTTP.*|^ORD-1 is \w+|inventory-1: \w+/gm)).toEqual([
    'HTTP/1.1 201 Created',
    'ORD-1 is confirmed',
    'inventory-1: killed',
    'HTTP/1.1 202 Accepted',
    'inventory-1: started',
  ]);
});

describe('the clients of http-and-messages.md', () => {
  const hasPython = spawnSync('python3', ['--version']).status === 0;
  const clients = [
    { language: 'bash', command: 'bash', file: 'place.sh' },
    { language: 'ts', command: process.execPath, file: 'place.mts' },
    ...(hasPython ? [{ language: 'python', command: 'python3', file: 'place.py' }] : []),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'shop-clients-'));
  atEnd(() => rmSync(folder, { recursive: true }));

  it('place one order each while inventory-service is down for a while, and get the same order again', async () => {
    const { BASE_URL, STOREFRONT_KEY } = system.env;
    const place = async ({ language, command, file }: (typeof clients)[number]) => {
      const [code = ''] = blocks('docs/http-and-messages.md', language);
      writeFileSync(join(folder, file), code);
      const env = { ...process.env, BASE_URL, STOREFRONT_KEY };
      return (await run(command, [join(folder, file), `client-in-${language}`], { env })).stdout;
    };
    await system.control('kill', 'inventory');
    const placing = Promise.all(clients.map(place));
    await eventually(async () => {
      const { items } = (await system.storefront('GET', '/orders?status=pending')).body;
      return items.length >= clients.length ? true : undefined;
    });
    await system.control('start', 'inventory');
    const first = await placing;
    for (const line of first) expect(line).toMatch(/^201 ORD-\d+\n$/);
    expect(new Set(first).size).toBe(clients.length);
    expect(await Promise.all(clients.map(place))).toEqual(first);
  });

  // Without Python the test above skips the Python client; this one reports it.
  (hasPython ? it : it.skip)(`include the Python client${hasPython ? '' : ' [needs python3]'}`, () => {
    expect(clients.map(({ language }) => language)).toContain('python');
  });
});
