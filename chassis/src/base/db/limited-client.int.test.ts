import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { getHeapSpaceStatistics } from 'node:v8';
import pg from 'pg';
import { isUnavailable } from '../../reliable/postgres/faults.ts';
import { atEnd } from '../../testing/at-end.ts';
import { collectGarbage } from '../../testing/collect-garbage.ts';
import { limitedClient } from './limited-client.ts';

const connectionString = process.env.TEST_POSTGRES_URL;

function newPool(limitMs: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 1, Client: limitedClient(limitMs) });
  atEnd(() => pool.end());
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

describe('a limited client', () => {
  it('ends a statement at the limit, and its connection with it', async () => {
    const pool = newPool(100);
    const client = await pool.connect();
    const failure = await client.query('SELECT pg_sleep(5)').catch((error: unknown) => error);
    expect(String(failure)).toContain('Query read timeout');
    expect(isUnavailable(failure)).toBe(true);
    // The next statement on it fails at once.
    await expect(client.query('ROLLBACK')).rejects.toThrow('not queryable');
    client.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('ends a statement of the pool at the limit', async () => {
    const pool = newPool(100);
    await expect(pool.query('SELECT pg_sleep(5)')).rejects.toThrow('Query read timeout');
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('applies the limit of the statement', async () => {
    const pool = newPool(100);
    const client = await pool.connect();
    const patient = { text: 'SELECT 1 AS one FROM pg_sleep(0.4)', limitMs: 20_000 };
    expect((await client.query(patient)).rows).toEqual([{ one: 1 }]);
    client.release();
  });

  it('reports a failed statement with the stack of its caller', async () => {
    const pool = newPool(10_000);
    const client = await pool.connect();
    const failure = await client.query('SELECT nothing').catch((error: Error) => error);
    expect(failure).toMatchObject({ code: '42703', stack: expect.stringContaining(__filename) });
    client.release();
  });

  it('leaves ended statements to the next minor garbage collection', async () => {
    const pool = newPool(10_000);
    const values = [Array.from({ length: 50 }, (_, n) => n)];
    const ask = () => pool.query({ name: 'count', text: 'SELECT cardinality($1::integer[])', values });
    for (let n = 0; n < 2_000; n += 1) await ask();
    collectGarbage();
    const before = oldGeneration();
    for (let n = 0; n < 1_500; n += 1) await ask();
    // If they were retained, it would be 1.3 MB.
    expect(oldGeneration() - before).toBeLessThan(0.4e6);
  });
});

function oldGeneration(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => space_name === 'old_space');
  return spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

describe('with a frozen server', () => {
  let server: Server;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    server = createServer((socket) => sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => new Promise((resolve) => server.close(resolve)));
    atEnd(() => {
      for (const socket of sockets) socket.destroy();
    });
  });

  it('a statement ends at the limit', async () => {
    const { port } = server.address() as AddressInfo;
    const client = new (limitedClient(100))({ connectionString: `postgres://user@127.0.0.1:${port}/database` });
    client.on('error', () => {});
    client.connect().catch(() => {});
    expect(isUnavailable(await client.query('SELECT 1').catch((error: unknown) => error))).toBe(true);
  });
});
