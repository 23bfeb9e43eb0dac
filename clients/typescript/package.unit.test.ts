/** The package as somebody gets it who installs it: built, packed, and in use elsewhere. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { Webhook } from 'standardwebhooks';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'shop-client-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const consumer = join(folder, 'consumer');
let packed: { files: { path: string }[]; filename: string };

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  const built = join(folder, 'built');
  run(root, process.execPath, join(__dirname, 'build.ts'), built);
  [packed] = JSON.parse(run(folder, 'npm', 'pack', built, '--json', '--silent'));
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', version: '1.0.0', type: 'module' }));
  run(consumer, 'npm', 'install', '--offline', '--no-audit', '--no-fund', join(folder, packed.filename));
});

it('holds the compiled modules with their types, and nothing else', () => {
  const modules = [
    'accounts',
    'api',
    'backoff',
    'call',
    'client',
    'credentials',
    'errors',
    'events',
    'index',
    'judge',
    'key',
    'listing',
    'me',
    'notifications',
    'operations',
  ];
  const files = [...modules, 'orders', 'products', 'sessions', 'settings', 'types', 'webhook'].flatMap((name) => [
    `${name}.d.ts`,
    `${name}.js`,
  ]);
  expect(packed.files.map(({ path }) => path).sort()).toEqual(
    ['LICENSE', 'README.md', ...files, 'package.json'].sort(),
  );
});

it('has no dependencies and can be published', () => {
  const manifest = JSON.parse(readFileSync(join(consumer, 'node_modules/@shop/client/package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: '@shop/client',
    type: 'module',
    license: 'MIT',
    sideEffects: false,
    engines: { node: '>=20' },
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
  });
  expect(Object.keys(manifest).filter((name) => /private|scripts|dependencies/i.test(name))).toEqual([]);
});

const readme = readFileSync(join(__dirname, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '');
const [example = ''] = examples;
const receiver = examples.find((code) => code.includes('verifyWebhook')) ?? '';
// On the Node of this project, and on the one that the machine has, which may be the oldest that is supported.
const nodes = [...new Set([process.execPath, ...['/usr/local/bin/node', '/usr/bin/node'].filter(existsSync)])];

it.each([
  ['Node', { module: 'nodenext', lib: ['es2022'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }],
  // Without Node's types: what a page is built with.
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [] }],
])('type-checks in a project for %s', (_, options) => {
  // A bundler puts the values in place of these variables.
  const declared =
    options.types.length > 0 ? '' : 'declare const process: { env: Record<string, string | undefined> };\n';
  writeFileSync(join(consumer, 'example.ts'), declared + example);
  writeFileSync(join(consumer, 'receiver.ts'), options.types.length > 0 ? receiver : '');
  const compilerOptions = {
    ...options,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'es2022',
  };
  writeFileSync(
    join(consumer, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['example.ts', 'receiver.ts'] }),
  );
  run(consumer, process.execPath, join(root, 'node_modules/typescript/bin/tsc'));
});

describe('the example of the README', () => {
  it.each([
    [201, { number: 'ORD-1', status: 'confirmed' }, 'ORD-1 is confirmed\n'],
    [409, { code: 'order-rejected', lines: [{ sku: 'MUG-BLUE', available: 0 }] }, 'MUG-BLUE: only 0 left\n'],
  ])('prints what came of a %d', async (status, body, printed) => {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => closeServer(server));
    const env = { ...process.env, BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    writeFileSync(join(consumer, 'example.js'), example);
    for (const node of nodes) {
      const { stdout } = await promisify(execFile)(node, [join(consumer, 'example.js')], { env });
      expect(stdout).toBe(printed);
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await closeServer(server);
  return port;
}

describe('the receiver of the README', () => {
  const secret = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
  const payload = JSON.stringify({ type: 'order.confirmed', timestamp: '2026-01-05T09:30:00.000Z', data: { id: 1 } });

  it.each(nodes)('accepts what is signed, and nothing else, on %s', async (node) => {
    writeFileSync(join(consumer, 'receiver.js'), receiver);
    const port = await freePort();
    const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret };
    const running = spawn(node, [join(consumer, 'receiver.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(() => running.kill());
    const at = new Date();
    const headers = {
      'webhook-id': 'event-1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('event-1', at, payload),
    };
    const deliver = (body: string) => fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body });
    expect((await eventually(() => deliver(payload))).status).toBe(204);
    expect((await deliver(`${payload} `)).status).toBe(400);
    await eventually(
      () => String(running.stdout.read() ?? '').includes('event-1 order.confirmed { id: 1 }') || undefined,
    );
  });
});
