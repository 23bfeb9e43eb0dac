import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../../services.ts';
import { allRoutes, DeclarationError, readDeclaration } from './declaration.ts';

const kongYml = readFileSync(join(__dirname, '../kong.yml'), 'utf8');
const env = {
  DECK_HTTPS: '[https]',
  DECK_TRUE: 'true',
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

function faultsOf(text: string, variables: Record<string, string | undefined> = env): string[] {
  try {
    readDeclaration(text, variables);
    return [];
  } catch (error) {
    if (error instanceof DeclarationError) return error.faults;
    throw error;
  }
}

function changed(from: string, to: string): string {
  if (!kongYml.includes(from)) throw new Error(`kong.yml has no ${from}`);
  return kongYml.replace(from, to);
}

describe('readDeclaration', () => {
  it('accepts kong/kong.yml', () => {
    const file = readDeclaration(kongYml, env);
    expect(file.consumers.map((c) => [c.username, c.custom_id])).toEqual([
      ['storefront', 'storefront-1'],
      ['other-storefront', 'storefront-2'],
      ['backoffice', 'backoffice-1'],
      ['operations', 'operations-1'],
    ]);
    expect(allRoutes(file).length).toBeGreaterThan(30);
  });

  it.each([
    [
      'a field of Kong that it does not honour',
      changed('      retries: 2', '      retries: 2\n      path: /v1'),
      /services\.0.*path/,
    ],
    [
      'a plugin that it does not have',
      changed('name: request-termination', 'name: ip-restriction'),
      /routes\.0\.plugins\.0\.name/,
    ],
    [
      'a header regex that Kong would read otherwise',
      changed('"~*^text/html(,|;|$)"', '"~*^Text/\\\\S+"'),
      /routes\.1\.headers\.accept: a regex must be lower case/,
    ],
    [
      'routes with the same headers that overlap',
      changed(
        '  - name: root\n    paths: ["~/$"]\n',
        '  - name: root\n    paths: ["~/$"]\n    headers: { accept: [text/html] }\n',
      ),
      /routes\.root and routes\.root-page overlap/,
    ],
    [
      'a priority that Kong would take for more headers',
      changed('    headers: { accept', '    regex_priority: 1024\n    headers: { accept'),
      /root-page: regex_priority must be 0, 1 or a multiple of 4/,
    ],
    [
      'a plugin setting that it does not honour',
      changed('    policy: local', '    policy: redis'),
      /plugins\.1\.config\.policy/,
    ],
    ['other Lua than it stands for', changed('>= 300', '>= 400'), /config: differs from the Lua/],
    [
      'groups that a 403 would not name',
      changed('"callers:storefront"]', '"callers:backoffice"]'),
      /callers:… must name the groups/,
    ],
    ['Lua in another phase', changed('      header_filter:\n', "      log: ['return']\n      header_filter:\n"), /log/],
    ['keys in the query', changed('key_in_query: false, ', ''), /key_in_query/],
    ['a plain path', changed('"~/orders$"', '/orders'), /services\.\d+\.routes\.0\.paths\.0/],
    ['a stripped path', changed('strip_path: false', 'strip_path: true'), /strip_path/],
    ['a preserved host', changed('strip_path: false', 'strip_path: false\n      preserve_host: true'), /preserve_host/],
    [
      'routes that only TLS may reach',
      kongYml.replaceAll('env "DECK_ROUTE_PROTOCOLS"', 'env "DECK_HTTPS"'),
      /protocols.*must include http/,
    ],
    [
      'traces, which it cannot send',
      kongYml.replace('env "DECK_TRACING_ENABLED"', 'env "DECK_TRUE"'),
      /must be false: only Kong/,
    ],
    ['passive health checks', changed('        active:', '        passive: {}\n        active:'), /passive/],
    [
      'a service without its upstream',
      changed('host: order-service.upstream', 'host: elsewhere'),
      /no upstream has this name/,
    ],
    [
      'two routes of equal rank that overlap',
      changed('        regex_priority: 1\n', ''),
      /dead-letter.*overlap and have equal rank/,
    ],
    [
      'two routes of one name',
      changed('- name: docs\n', '- name: docs-orders\n'),
      /route docs-orders is declared twice/,
    ],
    [
      'a route without a service',
      kongYml.replace(/ {4}plugins:\n {6}- name: request-termination[\s\S]*?(?=\n {2}#)/, ''),
      /^routes\.root: needs a service or request-termination$/,
    ],
    [
      'groups on a route without keys',
      kongYml.replace(/.*instance_name: orders-place-key.*\n/, ''),
      /^routes\.orders-place: acl without key-auth/,
    ],
    [
      'a route without keys that sends the token of routes with keys',
      kongYml.replace(/ {4}plugins:\n.*instance_name: docs-token.*\n/, ''),
      /^routes\.docs: without key-auth it needs a request-transformer/,
    ],
    [
      'a default for targets',
      changed('  defaults:\n', '  defaults:\n    target: { weight: 1 }\n'),
      /_info\.defaults.*target/,
    ],
    ['a setting of a plugin that is not there', changed('_config: key ', '_config: keys '), /plugins\.0.*_config/],
    [
      'a page of a service that is not there',
      changed('service: { name: docs-pages }', 'service: { name: docs-service }'),
      /^routes\.docs\.service: no service has this name/,
    ],
    ['an unknown template', changed('env "DECK_STOREFRONT_KEY"', 'file "key"'), /unknown template/],
    ['broken YAML', `${kongYml}\n  - [`, /YAML/],
    ['an older format', changed('"3.0"', '"1.1"'), /_format_version/],
  ])('refuses %s', (_what, text, fault) => {
    expect(faultsOf(text).join('\n')).toMatch(fault);
  });

  it('refuses an empty token, with which Kong would let a client set its own', () => {
    expect(faultsOf(kongYml, { ...env, DECK_GATEWAY_TOKEN: '' })).toEqual([
      expect.stringMatching(/replace\.headers/),
      expect.stringMatching(/add\.headers/),
    ]);
  });

  it('names every fault at once', () => {
    const text = changed('      retries: 2', '      retries: 2\n      path: /v1').replace(
      '      policy: local',
      '      policy: redis',
    );
    const faults = faultsOf(text, {
      ...env,
      DECK_STOREFRONT_KEY: undefined,
      DECK_RATE_LIMIT_PER_MINUTE: 'many',
      DECK_TRACING_ENABLED: 'yes',
    });
    expect(faults).toEqual([
      'DECK_STOREFRONT_KEY is not set',
      'DECK_RATE_LIMIT_PER_MINUTE must be a whole number',
      'DECK_TRACING_ENABLED must be true or false',
      ...[...services, 'docs-pages', 'web'].map((_, index) =>
        expect.stringMatching(new RegExp(`services\\.${index}.*path`)),
      ),
      expect.stringMatching(/policy/),
    ]);
  });

  it('never shows a secret', () => {
    const secret = "s3cret: 'oops";
    const twice = { ...env, DECK_STOREFRONT_KEY: 'same-key', DECK_BACKOFFICE_KEY: 'same-key' };
    expect(faultsOf(kongYml, { ...env, DECK_STOREFRONT_KEY: secret }).join()).not.toMatch(/s3cret|oops/);
    expect(faultsOf(kongYml, twice)).toEqual(['consumers storefront and backoffice have the same key']);
    expect(faultsOf(kongYml, { ...env, DECK_GATEWAY_TOKEN: '$(s3cret)' }).join()).not.toMatch(/s3cret/);
  });
});
