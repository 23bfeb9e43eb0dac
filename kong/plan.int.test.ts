/** Applies kong.yml with decK to an Admin API that stores what it receives. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { fillIn } from '@shop/stand-in/defaults.ts';
import { parse } from 'yaml';
import { findDeck } from './find-deck.ts';
import { startAdminApi } from './testing/admin-api.ts';

const deck = findDeck();
const file = join(__dirname, 'kong.yml');
const variables: Record<string, string> = {
  DECK_STOREFRONT_KEY: 'key-1',
  DECK_OTHER_STOREFRONT_KEY: 'key-2',
  DECK_BACKOFFICE_KEY: 'key-3',
  DECK_OPERATIONS_KEY: 'key-4',
  DECK_RATE_LIMIT_PER_MINUTE: '60000',
  DECK_ROUTE_PROTOCOLS: '[https]',
  DECK_TRACING_ENABLED: 'false',
  DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
  DECK_GATEWAY_TOKEN: 'c0ffee',
  DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
};

/** kong.yml with its defaults expanded, as read by the local gateway. */
function writtenOut(): string {
  const text = readFileSync(file, 'utf8').replace(
    /\$\{\{ env "(\w+)".*?\}\}/g,
    (_all, name: string) => variables[name] ?? '',
  );
  const { _plugin_configs: _, ...declaration } = fillIn(parse(text)) as { _info: object; _plugin_configs: object };
  const folder = mkdtempSync(join(tmpdir(), 'kong-plan-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'kong.json');
  writeFileSync(path, JSON.stringify({ ...declaration, _info: { ...declaration._info, defaults: undefined } }));
  return path;
}

describeNeeding('decK', deck !== undefined, 'a sync of kong.yml', () => {
  async function connectDeck() {
    const api = await startAdminApi();
    atEnd(() => api.close());
    const env = {
      ...variables,
      HOME: homedir(),
      PATH: process.env.PATH,
      DECK_ANALYTICS: 'false',
      DECK_KONG_ADDR: api.url,
    };
    const run = (...args: string[]) =>
      new Promise<number>((resolve) => {
        const child = execFile(deck as string, ['gateway', ...args], { env }, () => resolve(child.exitCode ?? -1));
      });
    return { api, run };
  }

  it('expands defaults in the same way as the local gateway', async () => {
    const { run } = await connectDeck();
    const plain = writtenOut();
    expect(await run('sync', plain)).toBe(0);
    expect(await run('diff', '--non-zero-exit-code', file)).toBe(0);
    // Shows that a difference would be found.
    writeFileSync(plain, readFileSync(plain, 'utf8').replace('"strip_path":false', '"strip_path":true'));
    expect(await run('diff', '--non-zero-exit-code', plain)).toBe(2);
  });

  it("overrides Kong's own defaults", async () => {
    const { api, run } = await connectDeck();
    expect(await run('sync', file)).toBe(0);
    const routes = { strip_path: false, protocols: ['https'], https_redirect_status_code: 308 };
    const services = { retries: 2, connect_timeout: 300, write_timeout: 5000, read_timeout: 5000 };
    const active = {
      http_path: '/health/ready',
      timeout: 1,
      healthy: { interval: 1, successes: 1, http_statuses: [200] },
      unhealthy: { interval: 1, http_failures: 1, http_statuses: [503], tcp_failures: 1, timeouts: 2 },
    };
    const upstreams = { algorithm: 'least-connections', healthchecks: { active } };
    for (const [kind, facts] of Object.entries({ routes, services, upstreams })) {
      const sent = api.all(kind);
      expect(sent.length).toBeGreaterThan(0);
      for (const one of sent) expect(one).toMatchObject(facts);
    }
  });
});
