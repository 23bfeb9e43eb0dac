/** sync.sh with decK, on an Admin API that stores what it receives. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { findDeck } from './find-deck.ts';
import { startAdminApi } from './testing/admin-api.ts';

const deck = findDeck();

/** Values of all secrets; generations have no value in common. */
const secretsOf = (generation: string) => ({
  DECK_STOREFRONT_KEY: `${generation}-storefront-${generation}`,
  DECK_OTHER_STOREFRONT_KEY: `${generation}-other-${generation}`,
  DECK_BACKOFFICE_KEY: `${generation}-backoffice-${generation}`,
  DECK_OPERATIONS_KEY: `${generation}-operations-${generation}`,
  DECK_GATEWAY_TOKEN: Buffer.from(generation.repeat(4)).toString('hex'),
  DECK_GATEWAY_KEYLESS_TOKEN: Buffer.from(generation.toUpperCase().repeat(4)).toString('hex'),
});
const generations = { first: secretsOf('aaaaa'), second: secretsOf('bbbbb') };

describeNeeding('decK', deck !== undefined, 'kong/sync.sh', () => {
  let bin: string;
  let api: Awaited<ReturnType<typeof startAdminApi>>;
  beforeAll(async () => {
    bin = mkdtempSync(join(tmpdir(), 'kong-sync-'));
    atEnd(() => rmSync(bin, { recursive: true }));
    api = await startAdminApi();
    atEnd(() => api.close());
    const path = isAbsolute(deck as string) ? (deck as string) : undefined;
    if (path) symlinkSync(path, join(bin, 'deck'));
    // Kong's response on the probe route, for which sync.sh waits.
    writeFileSync(join(bin, 'wget'), '#!/bin/sh\nprintf "%s" "$DECK_SYNC_PROBE"\n');
    chmodSync(join(bin, 'wget'), 0o755);
  });

  function run(command: string, args: string[], secrets: Record<string, string>) {
    const env = {
      ...secrets,
      HOME: homedir(),
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      DECK_ANALYTICS: 'false',
      DECK_KONG_ADDR: api.url,
      DECK_RATE_LIMIT_PER_MINUTE: '60000',
      DECK_ROUTE_PROTOCOLS: '[http]',
      DECK_TRACING_ENABLED: 'false',
      DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
    };
    return new Promise<{ code: number; output: string }>((resolve) => {
      const child = execFile(command, args, { env }, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      );
    });
  }
  const sync = (secrets: Record<string, string>) => run('sh', [join(__dirname, 'sync.sh')], secrets);

  function expectNoSecret(output: string): void {
    // decK prints the last five characters of a masked key.
    const parts = Object.values(generations).flatMap((secrets) =>
      Object.values(secrets).flatMap((secret) => [secret, secret.slice(-5)]),
    );
    expect(parts.filter((part) => output.includes(part))).toEqual([]);
  }

  it('rotates every key and the token, and shows neither the new ones nor the old', async () => {
    for (const secrets of [generations.first, generations.second, generations.first]) {
      const { code, output } = await sync(secrets);
      expect(output).toMatch(/kong-sync: kong\/kong\.yml is in effect\.\n$/);
      expect(code).toBe(0);
      expectNoSecret(output);
      const { DECK_GATEWAY_TOKEN: token, DECK_GATEWAY_KEYLESS_TOKEN: keylessToken, ...keys } = secrets;
      expect(new Set(api.all('key-auth').map(({ key }) => key))).toEqual(new Set(Object.values(keys)));
      for (const sent of [token, keylessToken])
        expect(JSON.stringify(api.all('plugins'))).toContain(`X-Gateway-Token:${sent}`);
    }
  });

  it('is what deck-diff compares with, which shows no secret either', async () => {
    await sync(generations.first);
    const compose = readFileSync(join(__dirname, '../docker-compose.yml'), 'utf8');
    const [, entrypoint = ''] = /deck-diff:\n(?:.*\n)*?\s+entrypoint: \[(.+)\]/.exec(compose) ?? [];
    const [command = '', ...args] = entrypoint.replace('/kong/kong.yml', join(__dirname, 'kong.yml')).split(', ');
    expect(await run(command, args, generations.first)).toMatchObject({ code: 0 });
    const different = await run(command, args, generations.second);
    expect(different).toMatchObject({ code: 2, output: expect.stringContaining('Summary') });
    expectNoSecret(different.output);
  });
});
