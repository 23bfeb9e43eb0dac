/** Versions to deploy: the real images, and three that are derived from them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';
import { pages, services } from '../../../services.ts';
import { docker, type TestHost } from './test-host.ts';

/** A migration that only adds, so the previous version works with it. */
const addsColumn = `export async function up(knex) { await knex.raw('ALTER TABLE orders ADD COLUMN added_by_v2 text'); }
export async function down(knex) { await knex.raw('ALTER TABLE orders DROP COLUMN added_by_v2'); }`;
const divides = `export async function up(knex) { await knex.raw('SELECT 1 / 0'); }
export async function down() {}`;

const neverReady =
  "process.on('SIGTERM', () => process.exit()); require('http').createServer((_, r) => r.writeHead(503).end()).listen(3000)";

interface Variant {
  from: string;
  files?: Record<string, string>;
  command?: string[];
}

const variants: Record<string, Record<string, Variant>> = {
  v2: {
    'order-service': { from: 'v1', files: { 'order-service/migrations/20990101000000_add_column.ts': addsColumn } },
  },
  // Its process runs and is never ready.
  v3: {
    'order-service': {
      from: 'v2',
      command: ['node', '-e', neverReady],
    },
  },
  v4: {
    'inventory-service': { from: 'v2', files: { 'inventory-service/migrations/20990101000000_divide.ts': divides } },
  },
};

/** Builds v1 to v4 and pushes them; only shared layers stay in the engine. */
export function pushVersions(host: TestHost, folder: string, buildArgs: string[]): void {
  const { prefix, user, token } = host.registry;
  const config = mkdtempSync(join(folder, 'login-'));
  const registry = prefix.split('/')[0] as string;
  execFileSync('docker', ['--config', config, 'login', '--username', user, '--password-stdin', registry], {
    input: token,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const pushed: string[] = [];
  for (const { folder: service } of [...services, pages]) {
    const image = (tag: string) => `${prefix}/${service}:${tag}`;
    build(repositoryRoot(), ['--file', `${service}/Dockerfile`, ...buildArgs, '--tag', image('v1')]);
    pushed.push(image('v1'));
    for (const [tag, changed] of Object.entries(variants)) {
      buildVariant(folder, image, tag, changed[service] ?? { from: tag === 'v2' ? 'v1' : 'v2' });
      pushed.push(image(tag));
    }
  }
  for (const image of pushed) docker('--config', config, 'push', '--quiet', image);
  docker('image', 'rm', '--force', ...pushed);
  rmSync(config, { recursive: true });
}

function buildVariant(folder: string, image: (tag: string) => string, tag: string, variant: Variant): void {
  const context = mkdtempSync(join(folder, 'context-'));
  const lines = [`FROM ${image(variant.from)}`, `LABEL version-of-the-test=${tag}`];
  for (const [path, text] of Object.entries(variant.files ?? {})) {
    const name = path.split('/').at(-1) as string;
    writeFileSync(join(context, name), text);
    lines.push(`COPY ${name} ${path}`);
  }
  if (variant.command) lines.push(`CMD ${JSON.stringify(variant.command)}`);
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
  build(context, ['--tag', image(tag)]);
}

function build(context: string, args: string[]): void {
  execFileSync('docker', ['build', '--quiet', ...args, context], { stdio: ['ignore', 'ignore', 'inherit'] });
}
