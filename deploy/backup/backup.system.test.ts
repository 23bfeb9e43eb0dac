/** The scripts of this folder as they are, on a real server with the schemas of all services. */

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@shop/chassis/base/db/migrate.ts';
import { reservationReleaseV1 } from '@shop/chassis/contract/messages/order-service.ts';
import { readEnvelope } from '@shop/chassis/reliable/messaging/message-definition.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { addCompletedKeyOf, allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { services } from '../../services.ts';
import { findDebianPostgres, startDebianPostgres, type TestServer } from './testing/debian-postgres.ts';
import { startScript } from './testing/run-script.ts';

const bin = findDebianPostgres();
const names = services.map(({ database }) => database.name);
// And those that a restore makes beside them.
const OURS = `^(${names.join('|')})`;

describeNeeding("Debian's postgresql", bin !== undefined, 'backup and restore', () => {
  let server: TestServer;
  let dir: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await startDebianPostgres(bin ?? '');
    atEnd(() => server.stop());
    await withClient(server.url('postgres'), async (client) => {
      for (const { database } of services) await client.query(`CREATE ROLE ${database.owner} LOGIN CREATEROLE`);
      await client.query('CREATE ROLE auditor');
    });
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'shop-dumps-'));
    atEnd(() => rmSync(dir, { recursive: true, force: true }));
    env = {
      PATH: `${bin}:${process.env.PATH}`,
      ...Object.fromEntries(
        services.map(({ variable, database }) => [`${variable}_DB_URL`, server.url(database.name)]),
      ),
      BACKUP_DIR: dir,
    };
    atEnd(dropDatabases);
    for (const { database } of services) await newDatabase(database.name);
  });

  /** Those of a test, and those that a restore has kept under another name. */
  async function dropDatabases(): Promise<void> {
    await withClient(server.url('postgres'), async (client) => {
      const { rows } = await client.query('SELECT datname FROM pg_database WHERE datname ~ $1', [OURS]);
      for (const { datname } of rows) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    });
  }
  async function newDatabase(database: string): Promise<void> {
    const service = services.find((one) => one.database.name === database)?.name;
    await withClient(server.url('postgres'), (client) =>
      client.query(`CREATE DATABASE ${database} OWNER ${service}_owner`),
    );
    const as = (role: string) => server.url(database).replace('//postgres:', `//${role}:`);
    await migrate(
      {
        ownerUrl: as(`${service}_owner`),
        applicationUrl: as(`${service}_service`),
        directory: join(repositoryRoot(), `${service}-service/migrations`),
      },
      'up',
    );
  }
  const script = (name: string, args: string[] = [], more: Record<string, string> = {}) =>
    startScript(name, args, { ...env, ...more }).ended;
  const backup = (more?: Record<string, string>) => script('backup.sh', [], more);
  const restore = (more?: Record<string, string>) => script('restore.sh', ['orders', 'latest'], more);
  const query = (database: string, sql: string) =>
    withClient(server.url(database), async (client) => (await client.query(sql)).rows);
  const dumps = (database: string) => readdirSync(join(dir, database)).filter((name) => name.endsWith('.dump'));
  const newestDump = (database: string) => join(dir, database, dumps(database).sort().at(-1) ?? '');
  const metrics = () => readFileSync(join(dir, 'metrics/backup.prom'), 'utf8');
  const done = { code: 0, stderr: '' };

  async function placeOrder(): Promise<number> {
    const [row] = await query(
      'orders',
      `INSERT INTO orders (id, client_id, customer_id, currency, status, idempotency_key, fingerprint, created_at,
         updated_at, awaiting, ask_at)
       VALUES (gen_random_uuid(), 'c', 'c', 'EUR', 'pending', gen_random_uuid()::text, '', now(), now(), 'reservation', now())
       RETURNING number::integer`,
    );
    return row.number;
  }
  const numbers = async () =>
    (await query('orders', 'SELECT number FROM orders ORDER BY number')).map((r) => +r.number);
  /** Privileges, owners and settings of a database and of all objects in it. */
  const rights = async () => ({
    database: await query(
      'orders',
      `SELECT (SELECT array_agg(one::text ORDER BY one::text) FROM unnest(datacl) AS one) AS rights, pg_get_userbyid(datdba) AS owner, setconfig FROM pg_database d
       LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid WHERE datname = 'orders' ORDER BY setconfig::text`,
    ),
    relations: await query(
      'orders',
      `SELECT relname, relkind, relacl::text, pg_get_userbyid(relowner) AS owner FROM pg_class
       WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
    ),
  });
  /** Holds pg_dump, so that a test can check the state in the middle of a backup. */
  async function holdingTable(work: () => Promise<void>): Promise<void> {
    await withClient(server.url('orders'), async (client) => {
      await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
      await work();
    });
  }
  const untilWaiting = () =>
    eventually(async () => {
      const rows = await query('postgres', `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      return rows.length > 0 ? true : undefined;
    });
  /** Rows whose restore is slow, or fails. */
  const plant = (condition: string) =>
    query(
      'orders',
      `SET shop.planting = 'yes';
       CREATE FUNCTION planted(x integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
         IF current_setting('shop.planting', true) = 'yes' THEN RETURN true; END IF;
         ${condition};
       END $$;
       CREATE TABLE planted (x integer CHECK (public.planted(x))); INSERT INTO planted VALUES (1)`,
    );

  describe('backup.sh', () => {
    it('makes a dump of each database with its checksum, and exports its time', async () => {
      const began = Math.floor(Date.now() / 1000);
      const ended = await backup();
      expect(ended).toMatchObject(done);
      for (const database of names) {
        const dump = newestDump(database);
        const sum = createHash('sha256').update(readFileSync(dump)).digest('hex');
        expect(statSync(dump).mode & 0o077).toBe(0);
        expect(readFileSync(`${dump}.sha256`, 'utf8')).toBe(`${sum}  ${dump.split('/').at(-1)}\n`);
        expect(readdirSync(join(dir, database)).filter((name) => name.endsWith('.partial'))).toEqual([]);
        expect(ended.stdout).toContain(`${database}: ${dump}`);
        const [, time = '0'] =
          new RegExp(`^backup_last_success_timestamp_seconds\\{database="${database}"\\} (\\d+)$`, 'm').exec(
            metrics(),
          ) ?? [];
        expect(+time).toBeGreaterThanOrEqual(began);
      }
      expect(await script('backup.sh', ['--check'])).toMatchObject(done);
    });

    it('dumps the one database if the other is unavailable, and still exports the time of its last dump', async () => {
      await backup();
      const before = metrics().split('\n');
      rmSync(newestDump('inventory'));
      const ended = await backup({ ORDER_DB_URL: server.url('orders').replace(/:\d+\//, ':9/') });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^backup\.sh: orders was not dumped: .*[Cc]onnection refused.*\n$/s);
      expect(dumps('orders')).toHaveLength(1);
      expect(dumps('inventory')).toHaveLength(1);
      expect(metrics().split('\n')).toContain(
        before.find((line) => line.includes('success_timestamp_seconds{database="o')),
      );
    });

    it('leaves no dump when it is killed, and does not run twice at the same time', async () => {
      await holdingTable(async () => {
        const { child, ended } = startScript('backup.sh', [], env);
        await untilWaiting();
        expect(await backup()).toMatchObject({ code: 1, stderr: expect.stringContaining('another backup is running') });
        process.kill(-(child.pid ?? 0), 'SIGKILL');
        await ended;
        expect(dumps('orders')).toEqual([]);
      });
      expect(await backup()).toMatchObject(done);
      expect(readdirSync(join(dir, 'orders')).filter((name) => name.includes('partial'))).toEqual([]);
    });

    it('without disk space keeps the existing dumps, and leaves no partial one', async () => {
      await backup();
      const all = () => names.flatMap((database) => readdirSync(join(dir, database)));
      const before = all();
      // Like a full disk: a write beyond 16 KB fails.
      const narrow = ['bash', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$0" "$@"'];
      const ended = await startScript('backup.sh', [], env, narrow).ended;
      expect(ended.code).toBe(1);
      expect(ended.stderr.trimEnd().split('\n').sort()).toEqual(
        names
          .toSorted()
          .map((name) => expect.stringMatching(`^backup\\.sh: ${name} was not dumped: .*File too large$`)),
      );
      expect(all()).toEqual(before);
    });

    it('removes what is both old and beyond the number that is kept', async () => {
      await backup();
      const dump = newestDump('orders');
      for (const day of ['20250101', '20250102', '20250103']) {
        for (const end of ['', '.sha256']) cpSync(`${dump}${end}`, join(dir, 'orders', `${day}T000000Z.dump${end}`));
      }
      const keeping = { BACKUP_KEEP_AT_LEAST: '3', BACKUP_KEEP_DAYS: '1' };
      await eventually(() => (Date.now() % 1000 < 100 ? true : undefined)); // a dump's name has the second
      expect(await backup(keeping)).toMatchObject(done);
      expect(dumps('orders').filter((name) => name.startsWith('2025'))).toEqual(['20250103T000000Z.dump']);
      expect(existsSync(join(dir, 'orders/20250102T000000Z.dump.sha256'))).toBe(false);
      expect(await backup({ ...keeping, BACKUP_KEEP_DAYS: '9999' })).toMatchObject(done);
      expect(dumps('orders')).toContain('20250103T000000Z.dump');
    });

    it('copies to S3 with aws, including dumps that it could not copy before', async () => {
      const bucket = mkdtempSync(join(dir, 'bucket-'));
      const tools = mkdtempSync(join(dir, 'tools-'));
      // Replaces the AWS CLI, which needs an account: accepts `s3 cp --only-show-errors FILE s3://bucket/…`.
      writeFileSync(
        join(tools, 'aws'),
        `#!/bin/sh\n[ -e ${dir}/away ] && { echo 'fatal error: no route' >&2; exit 1; }\n[ "$1 $2 $3" = 's3 cp --only-show-errors' ] && cp "$4" "${bucket}/$(echo "$5" | sed 's,^s3://shop/,,; s,/,_,g')"\n`,
        { mode: 0o755 },
      );
      const s3 = { BACKUP_S3_URI: 's3://shop/daily', PATH: `${tools}:${env.PATH}` };
      writeFileSync(join(dir, 'away'), '');
      const ended = await backup(s3);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/orders was dumped, but not copied to s3:\/\/shop\/daily\/orders\/.*no route/);
      expect(metrics()).toContain('backup_last_upload_timestamp_seconds{database="orders"} 0\n');
      rmSync(join(dir, 'away'));
      await eventually(() => (Date.now() % 1000 < 100 ? true : undefined));
      expect(await backup(s3)).toMatchObject(done);
      // Two dumps of each database, each with its checksum.
      expect(readdirSync(bucket)).toHaveLength(4 * names.length);
      expect(metrics()).not.toContain('upload_timestamp_seconds{database="orders"} 0\n');
    });

    it.each([
      [{ ORDER_DB_URL: '' }, 'ORDER_DB_URL is missing: postgres://user:password@host:port/database'],
      [{ ORDER_DB_URL: 'mysql://a@b/c' }, 'ORDER_DB_URL is not a URL like'],
      [{ ORDER_DB_URL_FILE: '/etc/hostname' }, 'set ORDER_DB_URL or ORDER_DB_URL_FILE, not both'],
      [{ ORDER_DB_URL: '', ORDER_DB_URL_FILE: '/nowhere' }, 'ORDER_DB_URL_FILE names /nowhere, which cannot be read'],
      [{ BACKUP_KEEP_DAYS: 'many' }, 'BACKUP_KEEP_DAYS is "many", not a whole number'],
      [{ BACKUP_DIR: '/proc/nothing' }, '/proc/nothing cannot be written to'],
      [{ BACKUP_S3_URI: 'http://bucket' }, 'BACKUP_S3_URI is "http://bucket", not like s3://bucket/prefix'],
      [
        { BACKUP_S3_URI: 's3://shop', PATH: `${bin}:/usr/bin:/bin` },
        'BACKUP_S3_URI is set, but the aws command is not installed',
      ],
    ])('refuses %j in one line', async (wrong, message) => {
      const ended = await backup(wrong);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(`: ${message}`);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    });

    it('says that a dump is missing or too old', async () => {
      expect((await script('backup.sh', ['--check'])).stderr).toContain(`${names[0]} has no dump in`);
      await backup();
      await eventually(() =>
        Date.now() / 1000 - Date.parse(dumpTime(newestDump('orders'))) / 1000 > 2 ? true : undefined,
      );
      const { code, stderr } = await script('backup.sh', ['--check'], { BACKUP_MAX_AGE_SECONDS: '1' });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(RegExp(`newest dump of ${names[0]} is \\d+ s old, more than 1 s`)),
      ]);
    });

    it('takes passwords with any characters, from a file too', async () => {
      await query('postgres', `CREATE ROLE reader SUPERUSER LOGIN PASSWORD 'a@b/c:%\\d'`);
      const file = join(dir, 'url');
      writeFileSync(file, `${server.url('orders').replace('postgres:test@', 'reader:a%40b%2Fc%3A%25%5Cd@')}\n`);
      expect(await backup({ ORDER_DB_URL: '', ORDER_DB_URL_FILE: file })).toMatchObject(done);
      await query('postgres', 'DROP ROLE reader');
    });
  });

  describe('backup-timer.sh', () => {
    it('backs up at once without a dump, not again before the interval, and ends on SIGTERM', async () => {
      const first = startScript('backup-timer.sh', [], env);
      await eventually(() => (existsSync(join(dir, 'metrics/backup.prom')) ? true : undefined));
      first.child.kill('SIGTERM');
      expect((await first.ended).code).toBe(0);
      const second = startScript('backup-timer.sh', [], { ...env, BACKUP_INTERVAL_SECONDS: '3' });
      await eventually(() => (dumps('orders').length === 2 ? true : undefined));
      second.child.kill('SIGTERM');
      await second.ended;
      const [one = '', two = ''] = dumps('orders').sort();
      expect(Date.parse(dumpTime(two)) - Date.parse(dumpTime(one))).toBeGreaterThanOrEqual(3_000);
    });

    it('tries again after a failure', async () => {
      await query('postgres', 'ALTER DATABASE orders ALLOW_CONNECTIONS false');
      const { child, ended } = startScript('backup-timer.sh', [], { ...env, BACKUP_RETRY_SECONDS: '1' });
      await eventually(() => (existsSync(join(dir, 'metrics/backup.prom')) ? true : undefined));
      await query('postgres', 'ALTER DATABASE orders ALLOW_CONNECTIONS true');
      await eventually(() => (dumps('orders').length === 1 ? true : undefined));
      child.kill('SIGTERM');
      expect((await ended).stderr).toContain('orders was not dumped');
    });
  });

  describe('restore.sh', () => {
    it('brings back rows, owners, rights and settings, and keeps what it replaces', async () => {
      await query(
        'orders',
        `REVOKE CONNECT ON DATABASE orders FROM PUBLIC; GRANT CONNECT ON DATABASE orders TO order_service;
         GRANT CREATE ON DATABASE orders TO auditor WITH GRANT OPTION;
         ALTER DATABASE orders SET statement_timeout = '7s';
         ALTER ROLE order_service IN DATABASE orders SET application_name = 'it''s'`,
      );
      const before = await rights();
      const kept = [await placeOrder(), await placeOrder()];
      await backup();
      const lost = await placeOrder();

      const ended = await restore();
      expect(ended).toMatchObject(done);
      expect(await numbers()).toEqual(kept);
      expect(await rights()).toEqual(before);
      const [, name = ''] = /DROP DATABASE (\w+)/.exec(ended.stdout) ?? [];
      expect(await query(name, 'SELECT count(*)::integer FROM orders')).toEqual([{ count: 3 }]);
      // The customer knows the number of the lost order; and each ledger continues after the values that subscribers have read.
      expect(await placeOrder()).toBe(lost + 1);
      const asService = server.url('orders').replace('//postgres:', '//order_service:');
      await withClient(asService, async (client) => {
        expect((await client.query('SELECT FROM orders')).rowCount).toBe(3);
        await expect(client.query('DELETE FROM order_timeline')).rejects.toThrow('permission denied');
      });
    });

    it('skips numbers if the last used one is unknown, as on a new server', async () => {
      await placeOrder();
      const last = await placeOrder();
      await backup();
      await query('postgres', 'DROP DATABASE orders');
      await newDatabase('orders');
      expect(await restore({ RESTORE_SKIP_NUMBERS: '500' })).toMatchObject(done);
      expect(await placeOrder()).toBe(last + 501);
    });

    it('refuses while there are connections, and lists them', async () => {
      await placeOrder();
      await backup();
      await placeOrder();
      const ended = await withClient(`${server.url('orders')}?application_name=order-service`, () => restore());
      expect([ended.code, ended.stderr]).toEqual([
        1,
        'restore.sh: there are connections to orders: postgres (order-service). Stop the service, then restore\n',
      ]);
      expect(await numbers()).toHaveLength(2);
      expect(await databases()).toEqual(names.toSorted());
    });

    it('changes nothing when a client connects while it restores', async () => {
      await placeOrder();
      await plant('PERFORM pg_sleep(2); RETURN true');
      await backup();
      await placeOrder();
      const running = startScript('restore.sh', ['orders', 'latest'], env);
      await eventually(async () => ((await databases()).includes('orders_restoring') ? true : undefined));
      await withClient(server.url('orders'), async () => {
        const ended = await running.ended;
        expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('there are connections to orders')]);
      });
      expect(await numbers()).toHaveLength(2);
      expect(await databases()).toEqual(names.toSorted());
      expect(await restore()).toMatchObject(done);
    });

    it('loses nothing when it fails or is killed in the middle', async () => {
      await placeOrder();
      await plant('RETURN false');
      await backup();
      await placeOrder();
      const failed = await restore();
      expect([failed.code, failed.stderr]).toEqual([
        1,
        expect.stringMatching(/^restore\.sh: orders is unchanged: .*\n$/),
      ]);
      expect(await numbers()).toHaveLength(2);
      expect(await databases()).toEqual(names.toSorted());

      await query('orders', 'DROP TABLE planted; DROP FUNCTION planted');
      await plant('PERFORM pg_sleep(30); RETURN true');
      await backup();
      const killed = startScript('restore.sh', ['orders', 'latest'], env);
      await eventually(async () => {
        const rows = await query('postgres', `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`);
        return rows.length > 0 ? true : undefined;
      });
      process.kill(-(killed.child.pid ?? 0), 'SIGKILL');
      await killed.ended;
      expect(await databases()).toEqual([...names, 'orders_restoring'].sort());
      expect(await numbers()).toHaveLength(2);
      await query(
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'orders_restoring'`,
      );
      await query('orders', 'DROP TABLE planted; DROP FUNCTION planted');
      await eventually(() => (Date.now() % 1000 < 100 ? true : undefined));
      await backup();
      expect(await restore()).toMatchObject(done);
      expect(await numbers()).toHaveLength(2);
    });

    it('refuses a dump that is damaged, and one for which roles are missing', async () => {
      await query('orders', 'CREATE ROLE temporary; GRANT SELECT ON orders TO temporary');
      // Large enough that the truncation below removes data, and not the table of contents at the beginning of the file.
      await query(
        'orders',
        `INSERT INTO order_lines SELECT gen_random_uuid(), 0, 'MUG', 1 FROM generate_series(1, 2000)`,
      );
      await backup();
      const dump = newestDump('orders');
      await query('orders', 'REVOKE SELECT ON orders FROM temporary; DROP ROLE temporary');
      expect((await restore()).stderr).toContain('roles that are not on this server (temporary): run the service');

      const bytes = readFileSync(dump);
      const half = bytes.subarray(0, bytes.length - 3_000);
      writeFileSync(dump, half);
      expect((await restore()).stderr).toContain(`${dump} is damaged: its checksum is missing or wrong`);
      const sum = createHash('sha256').update(half).digest('hex');
      writeFileSync(`${dump}.sha256`, `${sum}  ${dump.split('/').at(-1)}\n`);
      expect((await restore()).stderr).toMatch(/is damaged: .*(end of file|could not)/);
      expect(await databases()).toEqual(names.toSorted());
    });

    it.each([
      [[], 2, 'name a database and a dump'],
      [['stock', 'latest'], 2, 'there is no database "stock": notifications or accounts or orders or inventory'],
      [['orders', 'latest'], 1, 'has no dump of orders'],
      [['orders', '/nowhere.dump'], 1, '/nowhere.dump cannot be read'],
    ])('with %j ends with %i', async (args, code, message) => {
      const ended = await script('restore.sh', args);
      expect(ended.code).toBe(code);
      expect(ended.stderr).toContain(message);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    });

    it('refuses a role that may not create databases', async () => {
      await backup();
      const { code, stderr } = await restore({
        ORDER_DB_URL: env.ORDER_DB_URL?.replace('//postgres:', '//order_owner:') ?? '',
      });
      expect([code, stderr]).toEqual([1, expect.stringContaining('order_owner may not create databases')]);
    });
  });

  describe('lost-orders.sh', () => {
    const reserve = async (id: string, state: string) =>
      query(
        'inventory',
        `INSERT INTO reservations (id, state) VALUES ('${id}', '${state}');
         INSERT INTO reservation_lines VALUES ('${id}', 'MUG', 2), ('${id}', 'CUP', 1)`,
      );
    const [held, fulfilled, released] = [
      '01890000-0000-7000-8000-000000000001',
      '01890000-0000-7000-8000-000000000002',
      '01890000-0000-7000-8000-000000000003',
    ];

    it('lists the reservations of lost orders, and changes nothing', async () => {
      await placeOrder();
      const [known] = await query('orders', 'SELECT id FROM orders');
      for (const [id, state] of [
        [known.id, 'held'],
        [held, 'held'],
        [fulfilled, 'fulfilled'],
        [released, 'released'],
      ]) {
        await reserve(id, state);
      }
      await query(
        'orders',
        `INSERT INTO order_lines VALUES ('${known.id}', 0, 'MUG', 2), ('${known.id}', 1, 'CUP', 1)`,
      );
      await query('orders', `UPDATE orders SET id = 'ffffffff-0000-7000-8000-000000000000'`);
      await query('orders', `UPDATE order_lines SET order_id = 'ffffffff-0000-7000-8000-000000000000'`);
      await query('inventory', `DELETE FROM reservations WHERE id = '${known.id}'`);
      const ended = await script('lost-orders.sh');
      expect(ended).toMatchObject(done);
      expect(ended.stdout.trimEnd().split('\n')).toEqual([
        'lost_order,reservation,at,lines,possible_repeats',
        expect.stringMatching(`^${held},held,.*,CUP x1; MUG x2,ORD-1 pending$`),
        expect.stringMatching(`^${fulfilled},fulfilled,.*,CUP x1; MUG x2,ORD-1 pending$`),
      ]);
      expect(await query('orders', 'SELECT FROM outbox_messages')).toEqual([]);
    });

    it('--release writes one command for each held one, as order-service would', async () => {
      await reserve(held, 'held');
      await reserve(fulfilled, 'fulfilled');
      for (const _twice of [1, 2]) expect(await script('lost-orders.sh', ['--release'])).toMatchObject(done);
      const rows = await query('orders', 'SELECT * FROM outbox_messages');
      expect(rows).toMatchObject([
        {
          exchange: reservationReleaseV1.exchange,
          routing_key: reservationReleaseV1.routingKey,
          mandatory: true,
          subject_id: held,
        },
      ]);
      expect(readEnvelope(rows[0].body, [reservationReleaseV1])).toMatchObject({
        kind: 'read',
        message: { id: rows[0].message_id, payload: { reservationId: held } },
      });
    });

    it('--record writes a shipped order for each fulfilled one', async () => {
      await reserve(fulfilled, 'fulfilled');
      for (const _twice of [1, 2]) expect(await script('lost-orders.sh', ['--record'])).toMatchObject(done);
      expect(await query('orders', 'SELECT id, status, client_id, awaiting FROM orders')).toEqual([
        { id: fulfilled, status: 'shipped', client_id: 'restored', awaiting: null },
      ]);
      expect(await query('orders', 'SELECT sku, quantity FROM order_lines ORDER BY position')).toEqual([
        { sku: 'CUP', quantity: 1 },
        { sku: 'MUG', quantity: 2 },
      ]);
      expect(await query('orders', 'SELECT type FROM order_timeline ORDER BY id')).toEqual([
        { type: 'placed' },
        { type: 'shipped' },
      ]);
    });
  });

  describe('bring-back.sh', () => {
    const all = async () => ({
      orders: await query(
        'orders',
        `SELECT o.*, l.*, t.type, t.at, t.detail FROM orders o JOIN order_lines l ON l.order_id = o.id
         JOIN order_timeline t ON t.order_id = o.id ORDER BY o.id, t.id`,
      ),
      keys: await withClient(server.url('orders'), allKeys),
    });
    const complete = (number: number) =>
      query(
        'orders',
        `WITH o AS (SELECT * FROM orders WHERE number = ${number}),
         l AS (INSERT INTO order_lines SELECT id, 0, 'MUG', 1 FROM o),
         t AS (INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail)
               SELECT id, type, now(), 'c', 'r', '{"a": "\\n"}' FROM o, unnest('{placed,confirmed}'::text[]) AS type)
         ${addCompletedKeyOf('o', { key: 'idempotency_key', resourceId: 'id' })}`,
      );

    it('copies only the orders that are not in the dump, with all their rows', async () => {
      await complete(await placeOrder());
      await backup();
      await complete(await placeOrder());
      await complete(await placeOrder());
      const before = await all();
      const [, replaced = ''] = /DROP DATABASE (\w+)/.exec((await restore()).stdout) ?? [];
      expect(await numbers()).toHaveLength(1);
      const first = await script('bring-back.sh', [replaced]);
      expect(first).toMatchObject(done);
      expect(first.stdout).toBe('brought back: 2 orders, ORD-2 to ORD-3\n');
      expect(await all()).toEqual(before);
      expect((await script('bring-back.sh', [replaced])).stdout).toBe('brought back: 0 orders\n');
      expect(await all()).toEqual(before);
    });

    it('skips an order whose key was used again, and reports it', async () => {
      await backup();
      await complete(await placeOrder());
      const [order] = await query('orders', 'SELECT id, idempotency_key FROM orders');
      const [, replaced = ''] = /DROP DATABASE (\w+)/.exec((await restore()).stdout) ?? [];
      await placeOrder();
      await query('orders', `UPDATE orders SET idempotency_key = '${order.idempotency_key}'`);
      const { stdout } = await script('bring-back.sh', [replaced]);
      expect(stdout).toBe(`brought back: 0 orders\nskipped because its key was used again: ORD-1, ${order.id}\n`);
      expect(await numbers()).toEqual([2]);
    });

    it('changes nothing when the database is not there', async () => {
      const { code, stderr } = await script('bring-back.sh', ['orders_before_x']);
      expect([code, stderr]).toEqual([1, expect.stringContaining('"orders_before_x" does not exist')]);
    });
  });

  it.each(['backup.sh', 'backup-timer.sh', 'restore.sh', 'lost-orders.sh', 'bring-back.sh'])(
    '%s explains itself',
    async (name) => {
      const { code, stdout } = await script(name, ['--help']);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`Usage: ${name}`)]);
      expect((await script(name, ['--nonsense'])).code).toBe(2);
    },
  );

  const databases = async () =>
    (await query('postgres', `SELECT datname FROM pg_database WHERE datname ~ '${OURS}' ORDER BY 1`)).map(
      ({ datname }) => datname,
    );
  const dumpTime = (path: string) =>
    (path.split('/').at(-1) ?? '').replace(/^(....)(..)(..)T(..)(..)(..)Z.*/, '$1-$2-$3T$4:$5:$6Z');
});
