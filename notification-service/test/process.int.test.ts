import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { accountDeletedV1, accountRegisteredV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestBroker, type TestBroker } from '@shop/chassis/testing/broker.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { topology } from '../src/queues.ts';
import {
  ACCOUNT_TOKEN,
  createNotificationDatabase,
  GATEWAY_TOKEN,
  makeDue,
  NEEDED,
  politeAnswer,
  startContents,
  startRawSmtp,
  startSmtp,
} from './test-app.ts';

/* The service as it runs: processes of their own, with a real broker. */

let database: TestDatabase;
let broker: TestBroker;
let contents: string;
beforeAll(async () => {
  [database, broker] = await Promise.all([createNotificationDatabase(), createTestBroker()]);
  atEnd(() => Promise.all([database.drop(), broker.drop()]));
  // As the service declares it, so that no message comes before its queue.
  await broker.withConnection((connection) => assertTopology(connection, topology));
  contents = await startContents((_id, { headers }) =>
    headers.authorization === `Bearer ${ACCOUNT_TOKEN}` ? NEEDED : 401,
  );
});
beforeEach(() => database.truncate());

/** A process that serves; it ends with its test. */
async function startServing(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(__dirname, '../src/main.ts')], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: database.url,
      RABBITMQ_URL: broker.url,
      GATEWAY_TOKEN,
      GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32),
      PUBLIC_URL: 'https://shop.test',
      ACCOUNT_URL: contents,
      NOTIFICATION_TO_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  atEnd(() => child.kill('SIGKILL'));
  const port = await eventually(() => /"port":(\d+)/.exec(output)?.[1]);
  return { child, url: `http://127.0.0.1:${port}`, output: () => output };
}

function registered() {
  const payload = { accountId: randomUUID(), mailId: randomUUID() };
  return toOutboxRow(accountRegisteredV1, payload, { correlationId: 'test', occurredAt: new Date() });
}

async function publish(...messages: { routingKey: string; body: string }[]): Promise<void> {
  await broker.withChannel(async (channel) => {
    for (const { routingKey, body } of messages) channel.publish('account_exchange', routingKey, Buffer.from(body));
    await channel.waitForConfirms();
  });
}

const states = async () =>
  (await database.pool.query('SELECT state FROM notifications ORDER BY id')).rows.map(({ state }) => state);
const until = (...expected: string[]) =>
  eventually(async () => JSON.stringify(await states()) === JSON.stringify(expected) || undefined);

it('sends one mail for an event that comes twice, to two processes, and none for another version', async () => {
  const smtp = await startSmtp();
  const [first] = await Promise.all([1, 2].map(() => startServing({ SMTP_URL: smtp.url })));
  const message = registered();
  const other = registered();
  const later = { routingKey: 'account.registered.v2', body: other.body.replace('"version":1', '"version":2') };
  await publish(message, later, message, message);
  await until('sent');
  expect(smtp.received.map(({ raw }) => raw.includes('https://shop.test/shop/welcome#t0ken_-'))).toEqual([true]);
  const { rows } = await database.pool.query('SELECT count(*)::integer AS letters FROM dead_letters');
  expect(rows).toEqual([{ letters: 0 }]);

  const metrics = async () => (await fetch(`${first?.url}/metrics`)).text();
  await eventually(async () => /^notifications_unknown(\{.*\})? 0$/m.test(await metrics()) || undefined);
  first?.child.kill('SIGTERM');
  expect(first && (await once(first.child, 'exit'))).toEqual([0, null]);
});

it('killed after the final dot, it leaves the mail unknown, and the next process sends it once more', async () => {
  let dots = 0;
  const smtp = await startRawSmtp((socket, line, said) => {
    if (line === '.' && said.includes('DATA')) dots += 1;
    const polite = politeAnswer(line, said);
    if (polite) socket.write(`${polite}\r\n`);
  });
  const { child, output } = await startServing({ SMTP_URL: smtp });
  await publish(registered());
  await eventually(() => dots === 1 || undefined);
  expect(await states()).toEqual(['sending']);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(output()).not.toContain('ada@example.org');

  const working = await startSmtp();
  const next = await startServing({ SMTP_URL: working.url });
  await makeDue(database.pool); // the lease ends
  await until('unknown');
  expect(working.received).toEqual([]);
  await eventually(() => next.output().includes('notification unknown') || undefined);
  await makeDue(database.pool);
  await until('sent');
  const { rows } = await database.pool.query('SELECT outcome FROM attempts ORDER BY started_at');
  expect([working.received.length, rows]).toEqual([1, [{ outcome: 'unknown' }, { outcome: 'sent' }]]);
});

it('keeps mails until it has a mail server', async () => {
  const { child, output } = await startServing();
  await publish(registered());
  await until('queued');
  expect(output()).toContain('SMTP_URL is not set');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  const smtp = await startSmtp();
  await startServing({ SMTP_URL: smtp.url });
  await until('sent');
});

it('forgets the recipient of a deleted account, by messages in any order and twice', async () => {
  const { url } = await startServing();
  const context = { correlationId: 'test', occurredAt: new Date() };
  const [early, late] = [randomUUID(), randomUUID()];
  const signedUp = (accountId: string) =>
    toOutboxRow(accountRegisteredV1, { accountId, mailId: randomUUID() }, context);
  const deleted = (accountId: string) => toOutboxRow(accountDeletedV1, { accountId }, context);
  const [first, last] = [deleted(early), deleted(late)];
  await publish(signedUp(late));
  await until('queued');
  await publish(signedUp(randomUUID()));
  await until('queued', 'queued');
  await publish(first, first, last, signedUp(early), last);
  await until('suppressed', 'queued', 'suppressed');
  const { rows } = await database.pool.query(
    'SELECT state, recipient IS NULL AS forgotten FROM notifications ORDER BY id',
  );
  expect(rows).toEqual([
    { state: 'suppressed', forgotten: true },
    { state: 'queued', forgotten: false },
    { state: 'suppressed', forgotten: true },
  ]);
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  await eventually(async () => /^notifications_total\{.*suppressed.*\} 1$/m.test(await metrics()) || undefined);
});

it('reports every fault of its configuration and exits 1', async () => {
  const child = spawn(process.execPath, [join(__dirname, '../src/main.ts')], { env: { PATH: process.env.PATH } });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  expect(await once(child, 'close')).toEqual([1, null]);
  for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'ACCOUNT_URL', 'NOTIFICATION_TO_ACCOUNT_TOKEN']) {
    expect(output).toContain(name);
  }
});
