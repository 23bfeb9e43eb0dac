import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { clientsText } from '@shop/operator/clients/clients-file.ts';
import { findDeck } from './find-deck.ts';

const kongYml = readFileSync(join(__dirname, 'kong.yml'), 'utf8');
const rules = join(__dirname, 'lint-rules.yml');
const env = {
  ...process.env,
  DECK_ANALYTICS: 'false',
  DECK_STOREFRONT_KEY: 'key-1',
  DECK_OTHER_STOREFRONT_KEY: 'key-2',
  DECK_BACKOFFICE_KEY: 'key-3',
  DECK_OPERATIONS_KEY: 'key-4',
  DECK_RATE_LIMIT_PER_MINUTE: '60000',
  DECK_ROUTE_PROTOCOLS: '[http, https]',
  DECK_TRACING_ENABLED: 'false',
  DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
  DECK_GATEWAY_TOKEN: 'c0ffee',
  DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
};

const deck = findDeck();
const folder = mkdtempSync(join(tmpdir(), 'kong-'));
atEnd(() => rmSync(folder, { recursive: true }));

function runDeck(command: 'validate' | 'lint', text: string, variables: NodeJS.ProcessEnv = env) {
  const file = join(folder, 'kong.yml');
  writeFileSync(file, text);
  const args = command === 'validate' ? ['file', 'validate', file] : ['file', 'lint', '-s', file, rules];
  const { status, stdout, stderr } = spawnSync(deck as string, args, { env: variables, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

function changed(from: string | RegExp, to: string): string {
  const text = kongYml.replace(from, to);
  if (text === kongYml) throw new Error(`kong.yml has no ${from}`);
  return text;
}

describeNeeding('decK', deck !== undefined, 'deck file validate', () => {
  it('takes kong.yml', () => {
    expect(runDeck('validate', kongYml)).toEqual({ status: 0, output: '' });
  });

  it.each([
    ['an unknown field', changed('      retries: 2', '      retires: 1'), /retires/],
    ['a number that is none', changed('      retries: 2', '      retries: once'), /retries/],
    ['a setting of a plugin that is not there', changed('_config: key ', '_config: keys '), /keys/],
    ['two routes of one name', changed('- name: docs\n', '- name: docs-orders\n'), /docs-orders/],
    ['a group without a name', changed('- group: operations', '- group: ""'), /required/],
  ])('refuses %s', (_what, text, complaint) => {
    const { status, output } = runDeck('validate', text);
    expect(output).toMatch(complaint);
    expect(status).toBe(1);
  });

  it('refuses to run without a variable', () => {
    const { status, output } = runDeck('validate', kongYml, { ...env, DECK_GATEWAY_TOKEN: undefined });
    expect(output).toMatch(/DECK_GATEWAY_TOKEN/);
    expect(status).toBe(1);
  });
});

describeNeeding('decK', deck !== undefined, 'deck file lint', () => {
  it('finds nothing in kong.yml', () => {
    expect(runDeck('lint', kongYml).status).toBe(0);
  });

  /** One route with a line of its own. */
  const ofRoute = (line: string) => changed('        methods: [POST]\n', `        methods: [POST]\n        ${line}\n`);
  const untagged = (before: RegExp) => changed(new RegExp(`(${before.source}[^]*?)\\n +tags: .*`), '$1');

  it.each([
    ['no tags selected', changed('select_tags: [idempotent-orders]', 'select_tags: []'), /without _info\.select_tags/],
    ['an upstream without tags', untagged(/- name: order-service\.upstream/), /upstream has no tags/],
    ['a target without tags', untagged(/- target: /), /target has no tags/],
    [
      'passive health checks',
      changed('        active:', '        passive: { unhealthy: { http_failures: 3 } }\n        active:'),
      /passive checks/,
    ],
    [
      'passive health checks of one upstream',
      changed('    targets:', '    healthchecks: { passive: { unhealthy: { http_failures: 3 } } }\n    targets:'),
      /passive checks/,
    ],
    ['a service without tags', untagged(/- name: order-service\n/), /service has no tags/],
    ['a route without a name', changed('- name: docs\n    service', '- service'), /route has no name/],
    ['a route without tags', untagged(/- name: docs\n/), /route has no tags/],
    ['a route for every method', changed(/(~\/docs\$"\])\n +methods: .*/, '$1'), /without methods/],
    ['a path that is a prefix', changed('"~/docs$"', '/docs'), /a path is written/],
    ['a path without an end', changed('"~/docs$"', '"~/docs"'), /a path is written/],
    ['protocols that are fixed', changed(/protocols: .*/, 'protocols: [https]'), /DECK_ROUTE_PROTOCOLS/],
    ['a route with protocols of its own', ofRoute('protocols: [https]'), /leave a route open/],
    [
      'routes with the default protocols',
      changed(/ +protocols: .*DECK_ROUTE_PROTOCOLS.*\n/, ''),
      /DECK_ROUTE_PROTOCOLS/,
    ],
    ['a redirect that turns POST into GET', changed('status_code: 308', 'status_code: 301'), /must be 308/],
    ['no redirect at all', changed(/ +https_redirect_status_code: 308\n/, ''), /must be 308/],
    ['a route that turns POST into GET', ofRoute('https_redirect_status_code: 301'), /must be 308 on each route/],
    [
      'a route that is open to anyone',
      changed(/key-auth(, instance_name: orders-place-key)/, 'cors$1'),
      /open to anyone/,
    ],
    [
      'a route that is open to every client',
      changed(/acl(, instance_name: orders-place-groups)/, 'cors$1'),
      /open to every client/,
    ],
    [
      'a route without plugins',
      changed(/(name: orders-place\n[\s\S]*?) +plugins:\n[\s\S]*?( +- name: orders-list\n)/, '$1$2'),
      /open to anyone/,
    ],
    ['an open route under another name', changed('- name: docs\n', '- name: docs-of-all\n'), /open to anyone/],
    ['paths that would be cut off', changed('strip_path: false', 'strip_path: true'), /strip_path is true/],
    ['paths that are cut off by default', changed(/ +strip_path: false\n/, ''), /strip_path is true/],
    ['a path that would be cut off', ofRoute('strip_path: true'), /strip_path would cut off/],
    ['a plugin without a name', changed(/instance_name: orders-place-key, /, ''), /plugin has no instance_name/],
    ['a plugin without tags', changed(/(orders-place-key), tags: [^,]+,/, '$1,'), /plugin has no tags/],
    ['a global plugin without tags', untagged(/instance_name: gateway-token/), /plugin has no tags/],
    ['keys in the query', changed('key_in_query: false, ', ''), /key_in_query/],
    [
      'keys in the query of one route',
      changed(/(orders-place-key.*_config: key)/, '$1, config: { key_in_query: true }'),
      /without settings of its own/,
    ],
    [
      'a route with another kind of key',
      changed(/(orders-place-key.*)_config: key/, '$1config: { hide_credentials: true }'),
      /without settings of its own/,
    ],
    ['a 401 that does not name the header', changed(', realm: header apikey', ''), /where the key goes/],
    ['keys that services see', changed(', hide_credentials: true', ''), /client's key/],
    [
      'groups that a client may forge',
      changed('hide_groups_header: false', 'hide_groups_header: true'),
      /X-Consumer-Groups/,
    ],
    [
      'groups that a client of one route may forge',
      changed(/(orders-place-groups.*allow: \[storefront\])/, '$1, hide_groups_header: true'),
      /X-Consumer-Groups/,
    ],
    [
      'a route that loses the token',
      changed(/acl(, instance_name: orders-place-groups)/, 'request-transformer$1'),
      /gateway's token/,
    ],
    [
      'a route without a key that sends the token of routes with one',
      changed(/ {4}plugins:\n.*instance_name: docs-token.*\n/, ''),
      /token for routes with a key/,
    ],
    [
      'a route with a key that sends the token of routes without one',
      changed(
        /(- \{ name: acl, instance_name: orders-place-groups)/,
        '- { name: request-transformer, instance_name: a, tags: [a], _config: keyless }\n          $1',
      ),
      /token for routes without a key/,
    ],
    [
      'a route for people that takes all calls',
      changed(/ +headers: \{ x-caller: .*\n/, ''),
      /only calls with X-Caller/,
    ],
    [
      'a service that loses the token',
      changed('    routes:', '    plugins: [{ name: request-transformer, instance_name: a, tags: [a] }]\n    routes:'),
      /gateway's token/,
    ],
    [
      'a gateway route that loses the token',
      changed('name: request-termination', 'name: request-transformer'),
      /gateway's token/,
    ],
    ['Lua on a route', changed('name: request-termination', 'name: pre-function'), /Lua is allowed once/],
    ['Lua after the plugins', changed('name: request-termination', 'name: post-function'), /Lua is allowed once/],
    ['Lua under another name', changed('instance_name: key-guard', 'instance_name: guard'), /Lua is allowed once/],
    [
      'more Lua',
      changed('      header_filter:\n', "      log: ['return']\n      header_filter:\n"),
      /Lua is allowed once/,
    ],
    [
      'a second function',
      changed('      header_filter:\n', "        - 'return'\n      header_filter:\n"),
      /Lua is allowed once/,
    ],
    [
      'a keyed route that is tagged keyless',
      changed(/(name: orders-place\n[\s\S]*?tags: \[orders[^\]]*)\]/, '$1, keyless]'),
      /tag keyless/,
    ],
    ['a consumer without an id', changed(/ +custom_id: storefront-1\n/, ''), /no custom_id/],
    ['a consumer without tags', untagged(/custom_id: storefront-1/), /consumer has no tags/],
    ['a key without tags', untagged(/- key: /), /key has no tags/],
    ['a group without tags', untagged(/- group: /), /group has no tags/],
  ])('finds %s', (_what, text, complaint) => {
    const { status, output } = runDeck('lint', text);
    expect(output).toMatch(complaint);
    expect(status).toBe(1);
  });
});

describeNeeding('decK', deck !== undefined, 'the file of the clients that were made by command', () => {
  const key = (digit: string) => ({ key: digit.repeat(64), madeAt: '2026-01-05T09:30:00.000Z' });
  const partner = { name: 'partner', id: 'partner-1a2b3c', group: 'storefront', keys: [key('a'), key('b')] } as const;
  const clients = clientsText([{ ...partner, keys: [...partner.keys] }]);

  function runOn(text: string, ...args: string[]) {
    const file = join(folder, 'clients.json');
    writeFileSync(file, text);
    const all = args.map((arg) => (arg === '-' ? file : arg));
    const { status, stdout, stderr } = spawnSync(deck as string, all, { env, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  it.each([
    ['with a client of two keys', clients],
    ['without any client left', clientsText([])],
  ])('is taken by decK, %s, alone and beside kong.yml', (_what, text) => {
    expect(runOn(text, 'file', 'validate', '-')).toEqual({ status: 0, output: '' });
    expect(runOn(text, 'file', 'validate', join(__dirname, 'kong.yml'), '-')).toEqual({ status: 0, output: '' });
  });

  it('passes the rules, those of production too', () => {
    expect(runOn(clients, 'file', 'lint', '-s', '-', rules).status).toBe(0);
    expect(runOn(clients, 'file', 'lint', '-s', '-', join(__dirname, 'lint-rules.production.yml')).status).toBe(0);
  });

  it('has another tag than kong.yml: a sync of one touches nothing of the other', () => {
    const tagsOf = (text: string) => /select_tags"?: \[\s*"?([a-z-]+)"?\s*\]/.exec(text)?.[1];
    expect([tagsOf(kongYml), tagsOf(clients)]).toEqual(['idempotent-orders', 'idempotent-orders-clients']);
  });
});

describeNeeding('decK', deck !== undefined, 'kong/check.sh', () => {
  const strong = '0123456789abcdef'.repeat(2);
  const production = {
    ...env,
    DECK_STOREFRONT_KEY: `${strong}-1`,
    DECK_OTHER_STOREFRONT_KEY: `${strong}-2`,
    DECK_BACKOFFICE_KEY: `${strong}-3`,
    DECK_OPERATIONS_KEY: `${strong}-4`,
    DECK_GATEWAY_TOKEN: strong,
    DECK_GATEWAY_KEYLESS_TOKEN: `${strong}ab`,
    DECK_ROUTE_PROTOCOLS: '[https]',
  };

  /** Runs it on a copy of this folder that has this kong.yml. */
  function check(variables: NodeJS.ProcessEnv, { text = kongYml, args = ['production'] } = {}) {
    const copy = mkdtempSync(join(folder, 'copy-'));
    const temporary = join(copy, 'tmp');
    cpSync(__dirname, copy, { recursive: true });
    mkdirSync(temporary);
    writeFileSync(join(copy, 'kong.yml'), text);
    const environment = { ...variables, DECK: deck, TMPDIR: temporary };
    const { status, stdout, stderr } = spawnSync(join(copy, 'check.sh'), args, { env: environment, encoding: 'utf8' });
    return { status, output: stdout + stderr, left: readdirSync(temporary) };
  }

  it('takes kong.yml without any variable', () => {
    expect(check({ PATH: process.env.PATH }, { args: [] })).toMatchObject({
      status: 0,
      output: expect.stringMatching(/is valid\.\n$/),
    });
  });

  it.each([
    ['what decK does not read', changed('      retries: 2', '      retires: 1'), /retires/],
    ['what the rules forbid', changed('strip_path: false', 'strip_path: true'), /strip_path/],
  ])('finds %s', (_what, text, complaint) => {
    const { status, output } = check(env, { text, args: [] });
    expect(output).toMatch(complaint);
    expect(status).not.toBe(0);
  });

  it('takes strong values for production, and leaves no file with them behind', () => {
    expect(check(production)).toMatchObject({ status: 0, left: [] });
  });

  it.each([
    ['plain HTTP', { DECK_ROUTE_PROTOCOLS: '[http, https]' }, /must be \[https\]/],
    ['a key of development', { DECK_BACKOFFICE_KEY: 'backoffice' }, /client's key must be random/],
    ['no token', { DECK_GATEWAY_TOKEN: '' }, /DECK_GATEWAY_TOKEN must be random/],
    ['a token that a client could guess', { DECK_GATEWAY_TOKEN: 'c0ffee' }, /DECK_GATEWAY_TOKEN must be random/],
    [
      'a second token that a client could guess',
      { DECK_GATEWAY_KEYLESS_TOKEN: 'c0ffee' },
      /KEYLESS_TOKEN must be random/,
    ],
    ['a variable that is not set', { DECK_OPERATIONS_KEY: undefined }, /DECK_OPERATIONS_KEY/],
  ])('refuses %s in production', (_what, wrong, complaint) => {
    const { status, output, left } = check({ ...production, ...wrong });
    expect(output).toMatch(complaint);
    expect(status).not.toBe(0);
    expect(left).toEqual([]);
  });
});
