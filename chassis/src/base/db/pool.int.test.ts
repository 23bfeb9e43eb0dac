import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUnavailable } from '../../reliable/postgres/faults.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { atEnd } from '../../testing/at-end.ts';
import { testServerUrl } from '../../testing/database.ts';
import { eventually } from '../../testing/eventually.ts';
import { silent } from '../../testing/messaging.ts';
import { patientPool } from '../../testing/patient-pool.ts';
import { withClient } from '../../testing/with-client.ts';
import { currentDatabaseUrl } from '../config/read-config.ts';
import { createPool, type Pool } from './pool.ts';

/** A message of PostgreSQL's protocol: its type, its length, its content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}
const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const TERMINATED = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

/** A server that stops while a client connects: its greeting and its termination arrive together. */
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve)));
  url = `postgres://user@127.0.0.1:${(server.address() as AddressInfo).port}/database`;
});

it('a connection that ends before its first use fails its transaction, and not the process', async () => {
  const pool = createPool({ connectionString: url, applicationName: 'test', max: 1 }, silent);
  atEnd(() => pool.end());
  const failure = await inTransaction(pool, (trx) => trx.query('SELECT 1')).catch((error: unknown) => error);
  expect(isUnavailable(failure)).toBe(true);
});

describe('a password that changes while the service runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'database-url-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'url');
  const role = `changing_${randomUUID().slice(0, 8)}`;
  const asSuperuser = (sql: string) => withClient(testServerUrl(), (client) => client.query(sql));
  const urlWith = (password: string) => {
    const own = new URL(testServerUrl());
    own.username = role;
    own.password = password;
    return own.href;
  };
  let pool: Pool;
  beforeAll(async () => {
    await asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD 'first'`);
    atEnd(() => asSuperuser(`DROP ROLE ${role}`));
    writeFileSync(file, `${urlWith('first')}\n`);
    const connectionString = currentDatabaseUrl(urlWith('first'), { DATABASE_URL_FILE: file });
    pool = patientPool(connectionString, 1);
    atEnd(() => pool.end());
  });

  it('is read again from its file at the next connection', async () => {
    await pool.query('SELECT 1');
    await asSuperuser(`ALTER ROLE ${role} PASSWORD 'second'`);
    await pool.query('SELECT 1');
    await asSuperuser(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`);
    await eventually(() => pool.totalCount === 0 || undefined);
    for (const content of [urlWith('first'), 'postgr', '']) {
      writeFileSync(file, content);
      await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    }
    writeFileSync(file, urlWith('second'));
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
