/**
 * A service is a folder and an entry in services.ts. In a copy of the tree, a service that is not part of the product
 * is started, routed, measured and backed up like the others, as docs/adding-a-service.md describes.
 */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { choosePorts } from '@shop/local/ports.ts';
import amqplib from 'amqplib';
import { v7 as uuidv7 } from 'uuid';
import { parse } from 'yaml';
import { findDebianPostgres, startDebianPostgres } from '../../deploy/backup/testing/debian-postgres.ts';
import { documentPaths, services } from '../../services.ts';
import { copyTree } from '../broken-variants/tree.ts';

const run = promisify(execFile);
const tree = mkdtempSync(join(tmpdir(), 'shop-third-'));
atEnd(() => rmSync(tree, { recursive: true, force: true }));
const read = (path: string) => readFileSync(join(tree, path), 'utf8');
const ENTRY = `  {
    name: 'note',
    path: 'notes',
    about: 'notes on orders',
    database: 'notes',
    asks: [],
    keys: [],
    settings: {},
    secretSettings: [],
    callsOutside: false,
    countOption: 'notes',
    replicas: 2,
    inspectorPort: 9269,
  },
`;

// npm's variables for scripts would make the scripts of the copy use this tree.
const outside = Object.entries(process.env).filter(([name]) => !/^(npm_|LOCAL_DIR$)/i.test(name));

/** Runs a command of the copy; returns its output. */
async function npm(...args: string[]): Promise<string> {
  const { stdout } = await run('npm', args, {
    cwd: tree,
    env: Object.fromEntries(outside),
    maxBuffer: 10_000_000,
  }).catch(({ stdout, stderr }) => {
    throw new Error(`npm ${args.join(' ')}:\n${stdout}${stderr}`);
  });
  return stdout;
}

beforeAll(async () => {
  copyTree(tree);
  cpSync(join(__dirname, 'note-service'), join(tree, 'note-service'), { recursive: true });
  const end = '] as const satisfies readonly Entry[];';
  writeFileSync(join(tree, 'services.ts'), read('services.ts').replace(end, `${ENTRY}${end}`));
  // These write the generated files.
  for (const command of ['services', 'openapi', 'gateway', 'configuration', 'dashboards'])
    await npm('run', '--silent', command);
});

describe('a third service under npm start', () => {
  let env: Record<string, string>;

  beforeAll(async () => {
    const { port } = await choosePorts(['port']);
    atEnd(() => npm('run', '--silent', 'local', '--', 'down'));
    await npm('start', '--', '--detach', '--port', String(port), '--notes', '2');
    const lines = await npm('run', '--silent', 'local', '--', 'env');
    env = Object.fromEntries([...lines.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  });

  const call = (method: string, path: string, key: string | undefined, body?: object, idempotencyKey = uuidv7()) =>
    fetch(`${env.BASE_URL}${path}`, {
      method,
      headers: {
        ...(key && { apikey: key }),
        ...(body && { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey }),
      },
      body: body && JSON.stringify(body),
    });

  it('is healthy, under its path at the gateway', async () => {
    await eventually(async () => {
      const answer = await call('GET', '/health/notes', undefined);
      expect(await answer.json()).toMatchObject({ status: 'ok', checks: { database: true, broker: true } });
      return true;
    });
    expect((await call('GET', '/docs/notes.json', undefined)).status).toBe(200);
  });

  it('answers the groups in its document, once for each key, and publishes its event', async () => {
    const connection = await amqplib.connect(env.RABBITMQ_URL ?? '');
    atEnd(() => connection.close());
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'note_exchange', 'note.written.v1');

    const note = { orderId: uuidv7(), text: 'The customer called.' };
    expect((await call('POST', '/notes', env.STOREFRONT_KEY, note)).status).toBe(403);
    const first = await call('POST', '/notes', env.BACKOFFICE_KEY, note, 'once');
    expect(first.status).toBe(201);
    const again = await call('POST', '/notes', env.BACKOFFICE_KEY, note, 'once');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const written = (await first.json()) as { id: string };
    expect(await again.json()).toEqual(written);

    const message = await eventually(async () => (await channel.get(queue, { noAck: true })) || undefined);
    expect(JSON.parse(message.content.toString())).toMatchObject({
      type: 'note.written',
      producer: 'note-service',
      payload: { noteId: written.id, orderId: note.orderId },
    });
  });

  it('receives the event of an order', async () => {
    const lines = [{ sku: 'MUG-BLUE', quantity: 1 }];
    const placed = await call('POST', '/orders', env.STOREFRONT_KEY, { customerId: 'ada', currency: 'EUR', lines });
    const { id, number } = (await placed.json()) as { id: string; number: string };
    const text = await eventually(() =>
      withClient(env.NOTE_DB_URL ?? '', async (client) => {
        const { rows } = await client.query('SELECT text FROM notes WHERE order_id = $1', [id]);
        return rows[0]?.text;
      }),
    );
    expect(text).toBe(`placed as ${number}`);
  });

  it('is measured', async () => {
    const answer = await fetch(`${env.NOTE_URL}/metrics`);
    expect(await answer.text()).toMatch(/^build_info\{.*service="note-service"/m);
    const jobs = parse(read('monitoring/prometheus/prometheus.yml')).scrape_configs as { job_name: string }[];
    expect(jobs.map(({ job_name }) => job_name)).toContain('note-service');
    expect(read('monitoring/prometheus/rules/alerts.yml')).toContain('absent(up{job="note-service"})');
    expect(read('monitoring/prometheus/rules/alerts.yml')).toContain('queue="note.placed-orders"');
    expect(read('monitoring/grafana/dashboards/services.json')).toContain('note-service');
  });

  it('is a part, and its dead letters are listed with those of the other services', async () => {
    const parts = JSON.parse(await npm('run', '--silent', 'local', '--', 'status', '--json')) as { part: string }[];
    expect(parts.map(({ part }) => part)).toEqual(expect.arrayContaining(['note-1', 'note-2', 'note-db']));
    const letters = JSON.parse(
      await npm('run', '--silent', 'dead-letters', '--', 'list', '--service', 'notes', '--json'),
    );
    expect(letters).toEqual({ groups: [], items: [] });
  });

  // Must be the last test: it leaves the other services stopped.
  it('is listed on the page over the documents, and serves that page when it runs alone', async () => {
    // Until the gateway has detected which processes are gone, all attempts of a request may go to them.
    const page = () =>
      eventually(async () => {
        const answer = await call('GET', '/docs', undefined);
        return answer.ok ? answer.text() : undefined;
      });
    const listed = [...(await page()).matchAll(/<a id="of-(\w+)"/g)].map(([, path]) => path);
    expect(listed).toEqual([...documentPaths, 'notes']);
    for (const { name } of services) await npm('run', '--silent', 'local', '--', 'kill', name);
    expect(await page()).toContain('href="?of=notes"');
  });
});

const bin = findDebianPostgres();

describeNeeding("Debian's postgresql", bin !== undefined, 'a third service in the backups', () => {
  it('is dumped with the other databases', async () => {
    const server = await startDebianPostgres(bin ?? '');
    atEnd(() => server.stop());
    const dumps = join(tree, 'dumps');
    mkdirSync(dumps);
    const names = [...services.map(({ name, folder, database }) => ({ name, folder, database: database.name }))];
    const urls: Record<string, string> = {};
    for (const { name, folder, database } of [...names, { name: 'note', folder: 'note-service', database: 'notes' }]) {
      await withClient(server.url('postgres'), async (client) => {
        await client.query(`CREATE ROLE ${name}_owner LOGIN CREATEROLE`);
        await client.query(`CREATE DATABASE ${database} OWNER ${name}_owner`);
      });
      const as = (role: string) => server.url(database).replace('//postgres:', `//${name}_${role}:`);
      await run(process.execPath, [join(tree, folder, 'src/migrate.ts'), 'up'], {
        env: { PATH: process.env.PATH, DATABASE_OWNER_URL: as('owner'), DATABASE_URL: as('service') },
      });
      urls[`${name.toUpperCase()}_DB_URL`] = server.url(database);
    }
    const { stdout } = await run(join(tree, 'deploy/backup/backup.sh'), {
      env: { PATH: `${bin}:${process.env.PATH}`, BACKUP_DIR: dumps, ...urls },
    });
    expect(stdout).toContain(`notes: ${dumps}/notes/`);
    expect(readdirSync(join(dumps, 'notes')).filter((file) => file.endsWith('.dump'))).toHaveLength(1);
  });
});

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

describeNeeding('docker compose', hasCompose, 'a third service in the Compose files', () => {
  async function config(file: string, env: Record<string, string>) {
    const args = ['compose', '-f', join(tree, file), '--profile', '*', 'config', '--format', 'json'];
    const { stdout } = await run('docker', args, { env: { PATH: process.env.PATH, ...env }, maxBuffer: 10_000_000 });
    return JSON.parse(stdout).services as Record<string, { environment: Record<string, string> }>;
  }

  it('has its database, its migrations and two processes in development', async () => {
    const parts = await config('docker-compose.yml', { COMPOSE_PROJECT_NAME: 'third' });
    expect(parts['note-service']).toMatchObject({
      image: 'third-note-service',
      build: { dockerfile: 'note-service/Dockerfile' },
      deploy: { replicas: 2 },
    });
    const wanted = ['note-db', 'note-migrate', 'note-service', 'note-db-exporter'];
    expect(Object.keys(parts)).toEqual(expect.arrayContaining(wanted));
    expect(read('note-service/Dockerfile')).toContain('COPY note-service/package.json note-service/\n');
  });

  it('has the same and a backup in production', async () => {
    const parts = await config('docker-compose.prod.yml', { DOCKERHUB_USER: 'shop', TAG: '1.0.0' });
    expect(parts['note-service-2']).toMatchObject({ image: 'shop/note-service:1.0.0' });
    expect(parts.backup?.environment).toMatchObject({ NOTE_DB_URL_FILE: '/run/secrets/note_database_owner_url' });
    expect(Object.keys(parts)).toEqual(expect.arrayContaining(['note-db', 'note-migrate', 'note-service-1']));
  });

  it('has no password in the environment in production', async () => {
    const given = { DOCKERHUB_USER: 'shop', TAG: '1.0.0', SMTP_URL: 'smtps://user:password-of-mails@mail.example' };
    const parts = await config('docker-compose.prod.yml', given);
    expect(parts['notification-service-1']?.environment).toMatchObject({ SMTP_URL_FILE: '/run/secrets/smtp_url' });
    expect(JSON.stringify(parts)).not.toContain('password-of-mails');
  });
});

it('is registered once: the copy passes the tests of the files that are generated from the registry', async () => {
  await npm('test', '--', 'unit', 'registry', 'commands/misplaced', 'e2e/compose', 'local/src', 'monitoring', 'kong/');
});
