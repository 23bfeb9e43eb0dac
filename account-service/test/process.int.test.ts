import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker, type TestBroker } from '@shop/chassis/testing/broker.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { createAccountDatabase } from './test-app.ts';

/* The service and its commands as they run: processes of their own, with a real broker. */

let database: TestDatabase;
let broker: TestBroker;
beforeAll(async () => {
  [database, broker] = await Promise.all([createAccountDatabase(), createTestBroker()]);
  atEnd(() => Promise.all([database.drop(), broker.drop()]));
});

const MASTER_KEY = 'm'.repeat(32);

function start(file: string, args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(__dirname, '../src', file), ...args], {
    env: { PATH: process.env.PATH, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

/** A process that serves; it ends with its test. */
async function startServing(env: Record<string, string> = {}) {
  const { child, output } = start('main.ts', [], {
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: database.url,
    RABBITMQ_URL: broker.url,
    GATEWAY_TOKEN: 'g'.repeat(32),
    GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
    ACCOUNT_MASTER_KEY: MASTER_KEY,
    ORDER_URL: 'http://127.0.0.1:1',
    ACCOUNT_TO_ORDER_TOKEN: 'o'.repeat(32),
    NOTIFICATION_TO_ACCOUNT_TOKEN: 'n'.repeat(32),
    ...env,
  });
  atEnd(() => child.kill('SIGKILL'));
  const port = await eventually(() => /"port":(\d+)/.exec(output())?.[1]);
  return { child, url: `http://127.0.0.1:${port}` };
}

/** A command; its exit code and what it printed. */
async function command(...args: string[]): Promise<{ code: number; output: string }> {
  const { child, output } = start('cli.ts', args, { DATABASE_URL: database.url, ACCOUNT_MASTER_KEY: MASTER_KEY });
  const [code] = await once(child, 'close');
  return { code, output: output() };
}

it('reports every fault of its configuration and exits 1', async () => {
  const { child, output } = start('main.ts', [], { PORT: 'x', ACCOUNT_MASTER_KEY: 'short' });
  expect(await once(child, 'exit')).toEqual([1, null]);
  for (const name of ['PORT', 'DATABASE_URL', 'RABBITMQ_URL', 'GATEWAY_TOKEN', 'ACCOUNT_MASTER_KEY']) {
    expect(output()).toContain(name);
  }
});

it('serves its keys, publishes what happened, and drains on SIGTERM', async () => {
  const { child, url } = await startServing();
  await broker.withChannel(async (channel) => {
    await channel.assertQueue('taken');
    await channel.bindQueue('taken', 'account_exchange', 'account.#');
  });
  const answer = await fetch(`${url}/accounts`, {
    method: 'POST',
    headers: { 'x-gateway-token': 'g'.repeat(32), 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.org' }),
  });
  expect(answer.status).toBe(202);
  const [message] = await broker.take('taken', 1);
  expect(JSON.parse(message?.body ?? '')).toMatchObject({ type: 'account.registered', producer: 'account-service' });
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: object[] };
  expect(keys).toHaveLength(2);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('rotates its keys by a command, which every process publishes at once', async () => {
  const { url } = await startServing();
  const listed = await command('keys', 'list');
  expect([listed.code, listed.output.match(/ signing /g)]).toEqual([0, [' signing ', ' signing ']]);
  const rotated = await command('keys', 'rotate');
  expect([rotated.code, rotated.output.match(/ waiting /g)]).toEqual([0, [' waiting ', ' waiting ']]);
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  expect(rotated.output.match(/^\S+/gm)).toEqual(keys.map(({ kid }) => kid));
});

it.each([
  [['keys'], 2, 'keys takes list or rotate'],
  [['keys', 'remove'], 2, 'keys takes list or rotate'],
  [['nothing'], 2, 'there is no command "nothing"'],
  [['--help'], 0, 'keys list | rotate'],
])('the command %j exits with %i', async (args, code, text) => {
  expect(await command(...args)).toEqual({ code, output: expect.stringContaining(text) });
});
