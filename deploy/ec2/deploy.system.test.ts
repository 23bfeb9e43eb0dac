/**
 * deploy.sh and the other scripts as in production, from an operator's machine to a host. Both are this machine, with an sshd
 * for the host. The engine, the registry, the images, the databases and the broker are real; testing/override.yml has the
 * exceptions.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import type { Report } from '@shop/operator/replay/report.ts';
import { haveBaseImages, startDockerEngine } from '@shop/testing/docker-engine.ts';
import { pushVersions } from './testing/images.ts';
import { startLoad } from './testing/load.ts';
import { docker, type Outcome, outcomeOf, startTestHost, type TestHost } from './testing/test-host.ts';

const TEN_MINUTES = 600_000;
const address = 'root@127.0.0.1';

const hasServers = existsSync('/usr/sbin/sshd') && spawnSync('docker-registry', ['--version']).status === 0;
const isThere = process.getuid?.() === 0 && hasServers && startDockerEngine();

describeNeeding('root, openssh-server, docker-registry and a Docker engine', isThere, 'a deploy to a host', () => {
  let folder: string;
  let host: TestHost;

  beforeAll(async () => {
    const images = haveBaseImages().variables;
    console.info('Left out: Kong, its database and migrations, decK. The local gateway reads kong/kong.yml instead.');
    folder = mkdtempSync(join(tmpdir(), 'shop-images-'));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    host = await startTestHost({ NODE_IMAGE: 'node:24.21.0-slim', ...images });
    atEnd(() => host.stop());
    // Without one the file is empty, and no test would notice its password somewhere else.
    const set = [join(__dirname, 'secrets.sh'), 'set', 'smtp_url', join(host.home, 'secrets')];
    expect(spawnSync('bash', set, { input: 'smtp://user:password-of-mails@127.0.0.1' }).status).toBe(0);
    for (const suffix of ['', '_previous']) {
      renameSync(join(host.home, 'secrets', token + suffix), join(host.home, 'secrets', formerToken + suffix));
    }
    const base = images.NODE_IMAGE === undefined ? [] : ['--build-arg', `NODE_IMAGE=${images.NODE_IMAGE}`];
    pushVersions(host, folder, base);
  }, TEN_MINUTES);

  const token = 'order_to_inventory_token';
  /** The token of all services in an earlier version. It is still read, so the same images can be used for that version. */
  const formerToken = 'internal_token';

  /** Deploys a tag with the configuration of the version that had one token for all services. */
  function deployFormerly(tag: string): Promise<Outcome> {
    const copy = host.copyOfRepository();
    for (const path of ['docker-compose.prod.yml', 'deploy/ec2/secrets.sh']) {
      const text = readFileSync(path, 'utf8');
      const former = text.replaceAll(token, formerToken).replaceAll(token.toUpperCase(), formerToken.toUpperCase());
      writeFileSync(join(copy, path), former);
    }
    return host.run(join(copy, 'deploy/ec2/deploy.sh'), [address, tag]);
  }

  const deploy = (tag: string, environment?: Record<string, string>) =>
    host.run('deploy.sh', [address, tag], environment);

  let partnerKey: string;
  /** The key of a client in the output of `host.sh clients`. */
  async function makeKey(...args: string[]): Promise<string> {
    const script = join(host.home, 'current/deploy/ec2/host.sh');
    const { code, output } = await host.run(script, ['clients', ...args, '--json']);
    const key = /"key": "([0-9a-f]{64})"/.exec(output)?.[1];
    if (code !== 0 || key === undefined) throw new Error(output);
    return key;
  }
  const statusFor = async (apikey: string) =>
    (await fetch(`${host.environment.BASE_URL}/orders?limit=1`, { headers: { apikey } })).status;
  const untilTaken = (key: string) =>
    eventually(async () => ((await statusFor(key)) === 200 ? true : undefined), 60_000);

  /** The version of each process. */
  function versions(): string[] {
    const ours = Object.entries(host.containers()).filter(([name]) => /^(order|inventory)-service-\d$/.test(name));
    return ours
      .map(([, id]) => docker('inspect', '--format', '{{.Config.Image}}', id).trim().replace(/^.*:/, ''))
      .sort();
  }

  function addressOf(service: string, network: string): string {
    const format = `{{(index .NetworkSettings.Networks "${host.project}_${network}").IPAddress}}`;
    return docker('inspect', '--format', format, host.containers()[service] ?? '').trim();
  }

  /** Checks in the metrics of inventory-service's first process, which is replaced first, that no call was refused since. */
  async function expectCalls(byToken: string[]): Promise<void> {
    const answer = await fetch(`http://${addressOf('inventory-service-1', 'services')}:3000/metrics`);
    const metrics = await answer.text();
    const calls = metrics.matchAll(/^internal_requests_total\{caller="order-service",token="(\w+)",.*\} \d+$/gm);
    expect([...calls].map(([, token]) => token).sort()).toEqual(byToken);
    expect(metrics.match(/^http_request_duration_seconds_count\{.*status="401".*$/m)).toBeNull();
  }

  /** A deploy that must be refused with one message and without a change. */
  async function refused(attempt: () => Promise<Outcome>, message: RegExp): Promise<void> {
    const before = host.containers();
    const { code, output } = await attempt();
    expect(output).toMatch(message);
    expect(output.match(/^Error: /gm)).toHaveLength(1);
    expect(code).toBe(1);
    expect(host.containers()).toEqual(before);
  }

  /**
   * `repeats` are requests that had to be retried after a 5xx, a refused or a lost connection. There must be none, except requests
   * that a service sheds because other work keeps the machine busy.
   */
  function expectGreen(reports: Report[], machineWasBusy: boolean): void {
    for (const { run, audit, requests, sales } of reports) {
      const failed = audit.checks.filter(({ findings }) => findings.length > 0);
      const { '503 overloaded': shed = 0, ...repeats } = requests.repeats;
      expect({ run, failed, repeats, unanswered: sales.unanswered }).toEqual({
        run,
        failed: [],
        repeats: {},
        unanswered: 0,
      });
      if (!machineWasBusy) expect({ run, shed }).toEqual({ run, shed: 0 });
    }
  }

  /** Runs `work` while orders are placed; every order must get a response and be stored. */
  async function underLoad(name: string, work: () => Promise<void>): Promise<void> {
    const load = startLoad(folder, name, host.environment);
    // The number of processes that waited for a CPU, per minute.
    let longestQueue = 0;
    const sampler = setInterval(() => {
      longestQueue = Math.max(longestQueue, loadavg()[0] ?? 0);
    }, 1_000);
    try {
      await work();
    } finally {
      const reports = await load.stop();
      clearInterval(sampler);
      expectGreen(reports, longestQueue > 4 * availableParallelism());
      const placed = reports.reduce((sum, { sales }) => sum + sales.placed, 0);
      const shed = reports.reduce((sum, { requests }) => sum + (requests.repeats['503 overloaded'] ?? 0), 0);
      const slowest = Math.max(...reports.map(({ speed }) => speed.placeMs?.max ?? 0));
      console.info(
        `${name}: ${placed} orders in ${reports.length} replays, every audit green, no failed answer, ${shed} shed; ` +
          `the slowest took ${Math.round(slowest)} ms, the load was up to ${longestQueue}`,
      );
    }
  }

  describe('to a new host', () => {
    it('refuses a port that another program uses', async () => {
      const port = Number(/^HTTPS_PORT=(\d+)$/m.exec(host.read('host.env'))?.[1]);
      const other = createServer().listen(port, '127.0.0.1');
      await once(other, 'listening');
      await refused(() => deploy('v1'), new RegExp(`Port ${port} is in use by another program`));
      other.close();
    });

    it(
      'brings everything up, healthy and with a canary order through the gateway',
      async () => {
        const { code, output } = await deployFormerly('v1');
        expect(output).toMatch(/Health and canary orders through the gateway are OK\nv1 is live\./);
        expect(code).toBe(0);
        expect(versions()).toEqual(['v1', 'v1', 'v1', 'v1']);
      },
      TEN_MINUTES,
    );

    it('dumps both databases', async () => {
      const { backup = '' } = host.containers();
      const isHealthy = () => docker('inspect', '--format', '{{.State.Health.Status}}', backup).trim() === 'healthy';
      await eventually(() => isHealthy() || undefined, 120_000);
    });

    it(
      'puts a dump in the place of a database, by the commands of the README',
      async () => {
        const readme = readFileSync('README.md', 'utf8');
        const section = readme.slice(readme.indexOf('## Backup and restore'));
        const commands = [...section.matchAll(/```sh\n([\s\S]+?)```/g)].slice(0, 2).map(([, text]) => text);
        const here = commands
          .join('')
          .replaceAll('/opt/orders', host.home)
          .replaceAll('compose exec', 'compose exec -T');
        const { code, output } = await outcomeOf('bash', ['-ec', here], { PATH: process.env.PATH });
        expect(output).toMatch(/orders.*orders_before_\d/s);
        expect(code).toBe(0);
        await eventually(async () => {
          const answer = await fetch(`${host.environment.BASE_URL}/health/orders`);
          return ((await answer.json()) as { status: string }).status === 'ok' || undefined;
        });
      },
      TEN_MINUTES,
    );

    it('leaves neither the token of the registry nor a secret behind', () => {
      const found = spawnSync('grep', ['-rlF', host.registry.token, host.home, '/root/.docker', '/dev/shm']);
      expect(found.stdout.toString()).toBe('');
      const inspected = docker('inspect', ...Object.values(host.containers()));
      for (const secret of readdirSync(join(host.home, 'secrets'))) {
        expect(inspected).not.toContain(host.read(`secrets/${secret}`));
      }
    });

    it(
      'host.sh clients makes a client of the API, and keeps its key for the owner of the host’s folder alone',
      async () => {
        partnerKey = await makeKey('add', 'partner', '--group', 'storefront');
        await untilTaken(partnerKey);
        expect(statSync(join(host.home, 'clients/clients.json')).mode & 0o777).toBe(0o600);
        expect(spawnSync('grep', ['-rlF', partnerKey, join(host.home, 'logs')]).stdout.toString()).toBe('');
      },
      TEN_MINUTES,
    );

    it('runs nothing that may do more than it needs', () => {
      for (const id of Object.values(host.containers())) {
        const [{ HostConfig, Config }] = JSON.parse(docker('inspect', id));
        expect({ service: Config.Labels['com.docker.compose.service'], ...HostConfig }).toMatchObject({
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges:true'],
          RestartPolicy: { Name: 'unless-stopped' },
          LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } },
        });
        expect(HostConfig.PidsLimit).toBeGreaterThan(0);
        expect(HostConfig.Memory).toBeGreaterThan(0);
        for (const bindings of Object.values(HostConfig.PortBindings as Record<string, { HostIp: string }[]>)) {
          for (const { HostIp } of bindings) expect(HostIp).toBe('127.0.0.1');
        }
      }
    });
  });

  describe('of another version', () => {
    it(
      'replaces process by process and migrates, while every order is answered and kept',
      async () => {
        await underLoad('second', async () => {
          const { code, output } = await deploy('v2');
          expect(output).toMatch(/v2 is live\./);
          expect(code).toBe(0);
        });
        expect(versions()).toEqual(['v2', 'v2', 'v2', 'v2']);
        expect(host.read(`secrets/${token}`)).toBe(host.read(`secrets/${formerToken}`));
        await expectCalls(['current']);
      },
      TEN_MINUTES,
    );

    it(
      'goes back by itself when a process does not become ready, and again no order is lost',
      async () => {
        await underLoad('third', async () => {
          const { code, output } = await deploy('v3');
          expect(output).toMatch(/Error: order-service-1 is not ready after \d+ s/);
          expect(output).toMatch(/Error: v3 failed and is not live; v2 is live again\./);
          expect(code).toBe(1);
        });
        expect(versions()).toEqual(['v2', 'v2', 'v2', 'v2']);
      },
      TEN_MINUTES,
    );
  });

  describe('that is refused', () => {
    it('refuses a host whose key is not the known one', () =>
      refused(() => deploy('v2', host.wrongKey), /No connection to .* it may be a man-in-the-middle attack/));

    it('refuses a host whose key is not known', () =>
      refused(() => deploy('v2', { SSH_KNOWN_HOSTS: '/nowhere' }), /the host's key has to be known/));

    it('refuses to run without DOCKERHUB_USER', () =>
      refused(() => deploy('v2', { DOCKERHUB_USER: '' }), /DOCKERHUB_USER is not set/));

    it('refuses a tag that was never pushed', () =>
      refused(() => deploy('v9'), /shop\/[a-z]+-service:v9 cannot be pulled: was it ever pushed/));

    it('says that the registry refuses the login', () =>
      refused(() => deploy('v2', { DOCKERHUB_TOKEN: 'stale' }), /The registry refuses the login as releases/));

    it('refuses while another deploy holds the lock', async () => {
      const holder = spawn('flock', [join(host.home, 'deploy.lock'), 'sh', '-c', 'echo held; read -r _'], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await once(holder.stdout, 'data');
      await refused(() => deploy('v2'), /Another deploy holds the lock/);
      holder.stdin.end('\n');
      await once(holder, 'close');
    });

    it('refuses a full disk', async () => {
      const settings = host.read('host.env');
      writeFileSync(join(host.home, 'host.env'), settings.replace(/MIN_FREE_MB=.*/, 'MIN_FREE_MB=999999999'));
      await refused(() => deploy('v2'), /The disk is too full: \d+ MB are free/);
      writeFileSync(join(host.home, 'host.env'), settings);
    });

    it('refuses a shop that browsers would reach over plain HTTP', async () => {
      const settings = host.read('host.env');
      writeFileSync(join(host.home, 'host.env'), `${settings}\nPUBLIC_URL=http://orders.example\n`);
      await refused(() => deploy('v2'), /PUBLIC_URL in .*host\.env does not begin with https/);
      writeFileSync(join(host.home, 'host.env'), settings);
    });

    it('refuses a host without the key of its certificate', async () => {
      const [key, away] = [join(host.home, 'tls/privkey.pem'), join(host.home, 'tls/away')];
      renameSync(key, away);
      await refused(() => deploy('v2'), /No certificate/);
      writeFileSync(key, 'no key');
      await refused(() => deploy('v2'), /privkey.pem is not the key of the certificate/);
      renameSync(away, key);
    });

    it('refuses missing, weak and development secrets, all of them named', async () => {
      const put = (name: string, text: string) => {
        rmSync(join(host.home, 'secrets', name), { force: true });
        if (text !== '') writeFileSync(join(host.home, 'secrets', name), text);
      };
      const names = ['operations_key', token, 'gateway_token'];
      const kept = names.map((name) => host.read(`secrets/${name}`));
      const development = /^GATEWAY_TOKEN=(.*)$/m.exec(readFileSync('.env.example', 'utf8'))?.[1] ?? '';
      put('operations_key', '');
      put(token, 'short');
      put('gateway_token', development);
      await refused(
        () => deploy('v2'),
        /gateway_token is a development value.*order_to_inventory_token is weak.*operations_key is missing/s,
      ).finally(() => {
        for (const [index, name] of names.entries()) put(name, kept[index] ?? '');
      });
    });

    it('refuses a kong.yml with a plugin that the gateway does not know', async () => {
      const copy = host.copyOfRepository();
      const file = join(copy, 'kong/kong.yml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('name: rate-limiting', 'name: rate-limitless'));
      await refused(
        () => host.run(join(copy, 'deploy/ec2/deploy.sh'), [address, 'v2']),
        /Kong rejects kong\.yml; nothing was changed\..*plugins/s,
      );
    });

    it('stops at a migration that fails, before any process is replaced', () =>
      refused(() => deploy('v4'), /The migration of inventory-db failed.*division by zero/s));
  });

  describe('afterwards', () => {
    it(
      'both tokens are rotated without a failed answer: two of each are valid until the old one is retired',
      async () => {
        const tokens = ['gateway_token', token];
        const former = tokens.map((name) => host.read(`secrets/${name}`));
        const onHost = (script: string, ...args: string[]) =>
          host.run(join(host.home, 'current/deploy/ec2', script), args);
        await underLoad('rotation', async () => {
          for (const name of tokens) {
            const rotated = await onHost('secrets.sh', 'rotate', name, join(host.home, 'secrets'));
            expect(rotated).toMatchObject({ code: 0 });
          }
          // The gateway and order-service still send the previous tokens, which are also accepted.
          expect(await onHost('host.sh', 'restart')).toMatchObject({ code: 0 });
        });
        for (const [index, name] of tokens.entries()) {
          expect(host.read(`secrets/${name}`)).not.toBe(former[index]);
          expect(host.read(`secrets/${name}_previous`)).toBe(former[index]);
        }
        await expectCalls(['current', 'previous']);
      },
      TEN_MINUTES,
    );

    it(
      'rollback.sh brings the version before back, which lives with the newer schema',
      async () => {
        const { code, output } = await host.run('rollback.sh', [address]);
        expect(output).toMatch(/Health and canary orders through the gateway are OK\nv1 is live\./);
        expect(code).toBe(0);
        expect(versions()).toEqual(['v1', 'v1', 'v1', 'v1']);
      },
      TEN_MINUTES,
    );

    it(
      'a client that was made by command is still there, and both of its keys while one is rotated',
      async () => {
        await untilTaken(partnerKey);
        await untilTaken(await makeKey('rotate', 'partner'));
        expect(await statusFor(partnerKey)).toBe(200);
      },
      TEN_MINUTES,
    );

    it('the version before passes the tests of an order’s life on the newer schema', async () => {
      const database = (secret: string, service: string) => {
        const url = new URL(host.read(`secrets/${secret}`).trim());
        url.hostname = addressOf(service, 'data');
        return url.href;
      };
      const variables = {
        ...host.environment,
        PUBLIC_URL: 'https://orders.example',
        OTHER_STOREFRONT_KEY: host.read('secrets/other_storefront_key'),
        OPERATIONS_KEY: host.read('secrets/operations_key'),
        ORDER_URL: `http://${addressOf('order-service-1', 'services')}:3000`,
        INVENTORY_URL: `http://${addressOf('inventory-service-1', 'services')}:3000`,
        ORDER_DB_URL: database('order_database_owner_url', 'order-db'),
        INVENTORY_DB_URL: database('inventory_database_owner_url', 'inventory-db'),
      };
      const file = join(folder, 'system.env');
      const lines = Object.entries(variables).map(([name, value]) => `${name}=${value.trim()}\n`);
      writeFileSync(file, lines.join(''), { mode: 0o600 });
      const jest = join(dirname(require.resolve('jest/package.json')), 'bin/jest.js');
      const args = [jest, '--testMatch=**/place-order.e2e.test.ts', '--runInBand', '--forceExit'];
      const environment = { ...process.env, E2E_SYSTEM_ENV: file };
      const { code, output } = await outcomeOf(process.execPath, args, environment);
      if (code !== 0) throw new Error(output);
    });

    it('an older version is deployed like any other, although its migrations are fewer', async () => {
      expect(await deploy('v1')).toMatchObject({ code: 0 });
    });

    it('status.sh shows the running version', async () => {
      const { code, output } = await host.run('status.sh', [address]);
      expect(output).toMatch(/^Version {4}v1 \(before: v1\)$/m);
      expect(output).toMatch(/^order-service-1 .*:v1 .*Up/m);
      expect(output).toMatch(/^Health {5}orders: .*"status":"ok"/m);
      expect(code).toBe(0);
    });
  });
});
