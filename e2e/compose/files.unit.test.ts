/** Values that the Compose file, the example of its settings and the Dockerfiles repeat must be equal. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { publishedAt } from '@shop/stand-in/problem.ts';
import { parse } from 'yaml';
import { services } from '../../services.ts';
import { root } from './compose.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const compose = read('docker-compose.yml');
const workspaces = globSync(JSON.parse(read('package.json')).workspaces as string[], { cwd: root });
const folders = services.map(({ folder }) => folder);

describe('.env.example', () => {
  const example = new Map(
    [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  // A lookahead, so that a setting inside the default of another one is found too.
  const used = [...compose.matchAll(/(?=\$\{([A-Z_]+)(?::-((?:\$\{[^}]*\}|[^}])*))?\})/g)]
    .map(([, name, value]) => ({
      name,
      // A default that uses another setting cannot be in the example.
      value: value?.includes('${') ? '' : value,
    }))
    .filter(({ name }) => name !== 'COMPOSE_PROJECT_NAME'); // set by Compose

  it('lists every setting of docker-compose.yml, and no other', () => {
    expect([...example.keys()].sort()).toEqual([...new Set(used.map(({ name }) => name))].sort());
  });

  it('has the same default for each in every place', () => {
    const different = used.filter(({ name, value }) => example.get(name) !== value);
    expect(different).toEqual([]);
  });
});

it('docker-compose.yml sets no names: two clones share no containers, volumes or images', () => {
  expect(compose).not.toMatch(/^ *(name|container_name):/m);
  const images = [...compose.matchAll(/^ *image: \$\{[A-Z]+_SERVICE_IMAGE:-(.+)\}$/gm)];
  expect(images.map(([, image]) => image)).toEqual(folders.map((folder) => `\${COMPOSE_PROJECT_NAME}-${folder}`));
});

it('docker-compose.prod.yml gives no setting with a password in the environment, only as a file', () => {
  const { secrets, ...production } = parse(read('docker-compose.prod.yml'), {
    merge: true,
    maxAliasCount: -1,
  });
  const settings = services.flatMap(({ folder, secretSettings }) => secretSettings.map((name) => ({ folder, name })));
  expect(settings).toContainEqual({ folder: 'notification-service', name: 'SMTP_URL' });
  for (const { folder, name } of settings) {
    const file = name.toLowerCase();
    const { environment, secrets: mounted } = production[`x-${folder}`];
    expect(environment).toMatchObject({ [`${name}_FILE`]: `/run/secrets/${file}` });
    expect(environment).not.toHaveProperty(name);
    expect([mounted.includes(file), secrets[file]]).toEqual([true, { file: `./secrets/${file}` }]);
    expect(read('docker-compose.prod.yml')).not.toContain(`\${${name}`);
  }
});

describe.each(folders)('the Dockerfile of %s', (service) => {
  const dockerfile = read(`${service}/Dockerfile`);

  it('copies the package.json of every workspace', () => {
    const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(([, workspace]) => workspace);
    expect(copied.sort()).toEqual(workspaces.sort());
  });

  it('starts the service as its package.json does', () => {
    const { start } = JSON.parse(read(`${service}/package.json`)).scripts;
    const [, command = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    expect(JSON.parse(command)).toEqual(start.replace('src/', `${service}/src/`).split(' '));
  });

  it('uses the base image of docker-compose.yml', () => {
    const [, image] = /^ARG NODE_IMAGE=(.+)$/m.exec(dockerfile) ?? [];
    expect(compose).toContain(`\${NODE_IMAGE:-${image}}`);
  });
});

it('.dockerignore lets through what the Dockerfiles copy', () => {
  const allowed = new Set([...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path));
  const needed = [
    'package.json',
    'package-lock.json',
    'services.ts',
    'tsconfig.json',
    '*-service',
    ...workspaces
      .filter((name) => !folders.includes(name))
      .map((name) => (allowed.has(name) ? name : `${name}/package.json`)),
  ];
  expect([...allowed].sort()).toEqual(needed.sort());
});

it.each(['docker-compose.yml', 'docker-compose.prod.yml'])(
  '%s has all settings of Kong that kong/README.md requires',
  (file) => {
    const settings = [...read('kong/README.md').matchAll(/`(KONG_[A-Z_]+)=(\S+?)`/g)];
    const given = new Map(
      [...read(file).matchAll(/^ {6}(KONG_[A-Z_]+): "?(.+?)"?$/gm)].map(([, name, value]) => [name, value]),
    );
    const wanted = settings.map(([, name, value = '']) => [name, value.replace('<path>', '/tmp')]);
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.map(([name]) => [name, given.get(name)])).toEqual(wanted);
    // No tmpfs: after a restart of the container it would not be writable for the user of Kong.
    expect(/^ {4}tmpfs: .*kong.*$/m.test(read(file))).toBe(false);
  },
);

it.each(['docker-compose.yml', 'docker-compose.prod.yml'])(
  '%s gives Kong the error template of the local gateway',
  (file) => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-template-'));
    atEnd(() => rmSync(folder, { recursive: true }));
    const { entrypoint, environment } = parse(read(file), { merge: true, maxAliasCount: -1 }).services.kong;
    const [shell, option, script] = entrypoint as string[];
    const here = String(script)
      .replaceAll('$$', '$')
      // In one pass, because the project may be below /tmp.
      .replace(/\/(kong|tmp)\//g, (path) => (path === '/kong/' ? `${root}/kong/` : `${folder}/`))
      .replace('/docker-entrypoint.sh', 'echo');
    const publicUrl = 'https://orders.example.com:8443';
    const env = { PATH: process.env.PATH, PUBLIC_URL: publicUrl };
    const started = execFileSync(String(shell), [String(option), here], { env, encoding: 'utf8' });
    expect(started).toBe('kong docker-start\n');
    const written = readFileSync(environment.KONG_ERROR_TEMPLATE_JSON.replace('/tmp', folder), 'utf8');
    expect(written).toBe(publishedAt(publicUrl, read('kong/error-template.json')));
    expect(JSON.parse(written).type).toBe(`${publicUrl}/docs/problems/gateway`);
  },
);

it('docker-compose.yml validates kong.yml before Kong starts', () => {
  const { services } = parse(compose, { merge: true, maxAliasCount: -1 });
  expect(services['kong-check'].entrypoint).toEqual(['deck', 'file', 'validate', '/kong/kong.yml']);
  expect(services['kong-check'].depends_on).toBeUndefined();
  expect(services['kong-migrations'].depends_on['kong-check']).toEqual({ condition: 'service_completed_successfully' });
});
