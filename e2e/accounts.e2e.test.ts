/** Sign-up through the gateway, and the keys of access tokens by the command. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { createMasterKey } from '@shop/account-service/master-key.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import amqplib from 'amqplib';
import { v7 as uuidv7 } from 'uuid';
import { type System, startSystem } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

const query = (sql: string, values: unknown[]) =>
  withClient(system.env.ACCOUNT_DB_URL ?? '', async (client) => (await client.query(sql, values)).rows);

it('is open to anyone, needs the mailbox, and is reported once', async () => {
  const connection = await amqplib.connect(system.env.RABBITMQ_URL ?? '');
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'account_exchange', 'account.verified.v1');

  const email = `${uuidv7()}@example.org`;
  expect((await system.anonymous('POST', '/accounts', { email })).status).toBe(202);
  const [mail] = await query('SELECT id FROM email_tokens WHERE email = $1', [email]);
  const token = toToken(createMasterKey([system.env.ACCOUNT_MASTER_KEY ?? '']), mail?.id);
  const verification = { token, password: 'correct horse battery staple', name: 'Ada Lovelace' };
  const first = await system.anonymous('POST', '/accounts/verification', verification);
  expect([first.status, first.body.account]).toMatchObject([201, { email, name: 'Ada Lovelace' }]);
  const again = await system.anonymous('POST', '/accounts/verification', verification);
  expect([again.status, again.text]).toEqual([201, first.text]);

  const message = await eventually(async () => (await channel.get(queue, { noAck: true })) || undefined);
  expect(JSON.parse(message.content.toString())).toMatchObject({ payload: { accountId: first.body.account.id } });
  expect(await channel.get(queue, { noAck: true })).toBe(false);
  await connection.close();
});

it('publishes the keys that the command makes', async () => {
  const kids = async () =>
    (await system.anonymous('GET', '/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);
  const before = await kids();
  const cli = join(__dirname, '../commands/cli.ts');
  const env = { ...process.env, LOCAL_DIR: system.folder };
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'keys', 'rotate'], { env });
  expect(stdout.match(/^(shop|console)-\S+ +(signing|waiting)/gm)).toHaveLength(4);
  const after = await kids();
  expect(after).toEqual(expect.arrayContaining(before));
  expect(after).toHaveLength(4);
});
