/** Clients created by command while the local gateway runs: two processes that share only a file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';

const root = join(__dirname, '../..');
const run = promisify(execFile);

let folder: string;
let file: string;
let upstream: Server;
let gateway: ChildProcess;
let log: string;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  file = join(folder, 'clients.json');
  upstream = createServer((req, res) => {
    res.end(JSON.stringify([req.headers['x-consumer-custom-id'], req.headers['x-consumer-groups']]));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  atEnd(() => closeServer(upstream));
  await startGateway();
});

async function startGateway(): Promise<void> {
  const target = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  log = '';
  gateway = spawn(process.execPath, [join(root, 'kong/stand-in/main.ts')], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      CLIENTS_FILE: file,
      UPSTREAMS: JSON.stringify({ 'order-service.upstream': [target], 'inventory-service.upstream': [target] }),
      DECK_STOREFRONT_KEY: 'storefront-key',
      DECK_OTHER_STOREFRONT_KEY: 'other-storefront-key',
      DECK_BACKOFFICE_KEY: 'backoffice-key',
      DECK_OPERATIONS_KEY: 'operations-key',
      DECK_GATEWAY_TOKEN: 'c0ffee',
      DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
      DECK_RATE_LIMIT_PER_MINUTE: '60000',
      DECK_ROUTE_PROTOCOLS: '[http, https]',
      DECK_TRACING_ENABLED: 'false',
      DECK_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEnd(stopGateway);
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  url = await eventually(() => {
    const port = /"port":(\d+)/.exec(log)?.[1];
    if (port === undefined || port === '0') throw new Error(`the gateway does not listen: ${log}`);
    return `http://127.0.0.1:${port}`;
  }, 60_000);
}

async function stopGateway(): Promise<void> {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return;
  const ended = once(gateway, 'exit');
  gateway.kill('SIGTERM');
  await ended;
}

const clients = async (...args: string[]) => {
  const command = [join(root, 'operator/src/cli.ts'), 'clients', ...args, '--json'];
  const { stdout } = await run(process.execPath, command, { env: { PATH: process.env.PATH, CLIENTS_FILE: file } });
  return JSON.parse(stdout);
};
const call = async (apikey: string, path = '/orders') => {
  const response = await fetch(url + path, { headers: { apikey } });
  return { status: response.status, text: await response.text() };
};
const untilStatus = (key: string, status: number) =>
  eventually(async () => ((await call(key)).status === status ? true : undefined), 60_000);

it('a client that is added while the gateway runs is accepted with its group and id', async () => {
  const { id, key } = await clients('add', 'partner', '--group', 'storefront');
  await untilStatus(key, 200);
  expect(JSON.parse((await call(key)).text)).toEqual([id, 'storefront']);
  expect((await call(key, '/operations/orders/dead-letters')).status).toBe(403);
  expect((await call('storefront-key')).status).toBe(200);
});

it('both keys of a rotation are valid until the older one is retired, across restarts of the gateway too', async () => {
  const { key: former } = await clients('add', 'partner', '--group', 'storefront');
  const { key: next } = await clients('rotate', 'partner');
  await untilStatus(next, 200);
  expect((await call(former)).status).toBe(200);
  await stopGateway();
  await startGateway();
  expect([(await call(former)).status, (await call(next)).status]).toEqual([200, 200]);
  await clients('retire', 'partner');
  await untilStatus(former, 401);
  expect((await call(next)).status).toBe(200);
  await stopGateway();
  await startGateway();
  expect([(await call(former)).status, (await call(next)).status]).toEqual([401, 200]);
});

it('a client that is removed is refused; the others keep their request counts', async () => {
  const { key } = await clients('add', 'partner', '--group', 'storefront');
  const { key: other } = await clients('add', 'other', '--group', 'backoffice');
  await untilStatus(other, 200);
  const left = async () => {
    const { headers } = await fetch(`${url}/orders`, { headers: { apikey: other } });
    return Number(headers.get('ratelimit-remaining'));
  };
  const before = await left();
  await clients('remove', 'partner');
  await untilStatus(key, 401);
  const after = await left();
  // The limit is restored in a new minute; within a minute, the count remains.
  expect(after < before || after === 59_999).toBe(true);
});

it('an invalid file changes nothing, and is logged with the reason and without keys', async () => {
  const { key } = await clients('add', 'partner', '--group', 'storefront');
  await untilStatus(key, 200);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"partner"', '"storefront"'));
  await eventually(() => (log.includes('consumer storefront is declared twice') ? true : undefined), 60_000);
  expect((await call(key)).status).toBe(200);
  expect(log).not.toContain(key);
});
