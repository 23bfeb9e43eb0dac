import { type AddressInfo, createServer, type Server } from 'node:net';
import { atEnd } from '../testing/at-end.ts';
import { silent } from '../testing/messaging.ts';
import { createPool } from './pool.ts';
import { inTransaction, isUnavailable } from './transaction.ts';

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

/** A server that is stopped in the moment in which somebody connects: its welcome and its farewell come together. */
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `postgres://user@127.0.0.1:${(server.address() as AddressInfo).port}/database`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('a connection that ends before anybody could use it fails its transaction, and not the process', async () => {
  const pool = createPool({ connectionString: url, applicationName: 'test', max: 1 }, silent);
  atEnd(() => pool.end());
  const failure = await inTransaction(pool, (trx) => trx.query('SELECT 1')).catch((error: unknown) => error);
  expect(isUnavailable(failure)).toBe(true);
});
