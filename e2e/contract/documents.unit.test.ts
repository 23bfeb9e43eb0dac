/** The OpenAPI documents are valid, complete and up to date with the code. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { allProblems, type ProblemSection } from '@shop/chassis/contract/problems.ts';
import { readIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { checkedInText } from '@shop/chassis/edge/openapi/checked-in.ts';
import { IDEMPOTENCY_KEY_PATTERN, type Published } from '@shop/chassis/edge/openapi/document.ts';
import { allRoutes, readDeclaration } from '@shop/stand-in/declaration.ts';
import fc from 'fast-check';
import { type ServiceName, services } from '../../services.ts';
import { documentPath, faultIn, operations } from './documents.ts';

const root = join(__dirname, '../..');
/** The service that alone uses the codes of a section. */
const owners: Partial<Record<ProblemSection, ServiceName>> = {
  Orders: 'order',
  'Products and stock': 'inventory',
  Accounts: 'account',
  Versions: 'account',
  Notifications: 'notification',
};

describe.each(services)('the document of $folder', ({ name, folder }) => {
  const path = documentPath(folder);
  const text = readFileSync(path, 'utf8');
  const own = operations.filter(({ document }) => document === folder);
  const describer = async (): Promise<(published: Published) => object> =>
    (await import(join(dirname(path), 'src/openapi.ts'))).describeService;

  it('is up to date with the code', async () => {
    if (text === checkedInText(await describer(), dirname(path))) return;
    throw new Error(`${folder}/openapi.json differs from the code. To regenerate it: npm run openapi`);
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = require.resolve('@seriousme/openapi-schema-validator/bin/validate-api-cli.js');
    await promisify(execFile)(process.execPath, [validator, path]);
  });

  it('passes the lint', async () => {
    const lint = [require.resolve('@redocly/cli/bin/cli.js'), 'lint', '--format=stylish', path];
    // Disables redocly's telemetry and its check for a newer version.
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    await promisify(execFile)(process.execPath, lint, { cwd: root, env }).catch(({ stdout, stderr }) => {
      throw new Error(`${stdout}${stderr}`);
    });
  });

  it('states the configured retention', async () => {
    const describeService = await describer();
    const document = JSON.stringify(describeService({ version: '1', keyRetentionHours: 100 }));
    expect(document).toContain('Kept for 100 hours');
  });

  it("shows the gateway's errors as its template renders them", () => {
    const template = JSON.parse(readFileSync(join(root, 'kong/error-template.json'), 'utf8'));
    const shown = own.flatMap(({ responses }) =>
      Object.values(responses).flatMap(({ content = {} }) =>
        Object.entries(content['application/json']?.examples ?? {}).flatMap(([name, { value }]) =>
          name.startsWith('gateway-') ? [value] : [],
        ),
      ),
    );
    expect(shown.length).toBeGreaterThan(0);
    const filled = { ...template, title: expect.any(String), traceId: expect.any(String) };
    expect(shown).toEqual(shown.map(() => filled));
  });

  it('has an example of every code of the service', () => {
    // These never pass the gateway: one is for a path without a route, the other for a path in no document.
    const unseen = ['internal-token-required', 'not-found'];
    const wanted = allProblems.flatMap(([code, { section }]) =>
      unseen.includes(code) || ((owners[section] ?? name) !== name && code !== 'illegal-transition') ? [] : [code],
    );
    const shown = own.flatMap(({ responses }) =>
      Object.values(responses).flatMap(({ content = {} }) =>
        Object.values(content['application/problem+json']?.examples ?? {}).map(
          ({ value }) => (value as { code: string }).code,
        ),
      ),
    );
    expect([...new Set(shown)].sort()).toEqual(wanted.sort());
  });

  it.each(own.map((operation) => [operation.operationId, operation] as const))(
    'has valid examples of %s',
    (_name, { document, parameters, requestBody, responses }) => {
      const examples = [
        ...Object.values(requestBody?.content ?? {}).map(({ schema, example }) => ({ schema, value: example })),
        ...Object.values(responses).flatMap(({ content = {} }) =>
          Object.values(content).flatMap(({ schema, examples = {} }) => {
            expect(Object.keys(examples)).not.toEqual([]);
            return Object.values(examples).map(({ value }) => ({ schema, value }));
          }),
        ),
      ];
      for (const { schema, value } of examples)
        expect([value, faultIn(document, schema, value)]).toEqual([value, undefined]);
      for (const { name, schema } of parameters) expect([name, typeof schema]).toEqual([name, 'object']);
    },
  );
});

describe('the documents together', () => {
  // The gateway answers `GET /` itself; the others are HTML pages.
  const pages = ['', '/{}', '/{}/{}', '/{}/{}/{}'].map((path) => `GET /console${path}`);
  const ofNoDocument = ['GET /', 'GET /docs', 'GET /docs/problems', 'GET /docs/problems/{}', ...pages];
  const variables = {
    ...Object.fromEntries(
      ['STOREFRONT', 'OTHER_STOREFRONT', 'BACKOFFICE', 'OPERATIONS'].map((name) => [
        `DECK_${name}_KEY`,
        name.toLowerCase(),
      ]),
    ),
    DECK_GATEWAY_TOKEN: 'aa',
    DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
    DECK_RATE_LIMIT_PER_MINUTE: '60000',
    DECK_ROUTE_PROTOCOLS: '[http, https]',
    DECK_TRACING_ENABLED: 'false',
    DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
  };
  const declaration = readDeclaration(readFileSync(join(root, 'kong/kong.yml'), 'utf8'), variables);

  it('describe what the gateway routes, for the groups that it allows', () => {
    const routed = allRoutes(declaration).flatMap(({ route }) =>
      route.methods
        .filter((method) => method !== 'HEAD')
        .flatMap((method) =>
          route.paths.map(({ segments }) => ({
            call: `${method} /${segments.map((segment) => segment ?? '{}').join('/')}`,
            groups: route.plugins.flatMap((plugin) => (plugin.name === 'acl' ? plugin.config.allow : [])),
          })),
        ),
    );
    const described = operations.map(({ method, template, security }) => ({
      call: `${method.toUpperCase()} ${template.replace(/\{[^}]+\}/g, '{}')}`,
      groups: security.flatMap(({ apikey = [] }) => apikey),
      people: security.some((requirement) => 'shopper' in requirement || 'staff' in requirement),
    }));
    // People have a route of their own beside that of machines.
    const expected = described.flatMap(({ call, groups, people }) =>
      people && groups.length > 0
        ? [
            { call, groups },
            { call, groups: [] },
          ]
        : [{ call, groups }],
    );
    const lines = (calls: typeof routed) => calls.map(({ call, groups }) => `${call}: ${groups.toSorted()}`).sort();
    const left = routed.filter(({ call }) => !ofNoDocument.includes(call));
    expect(lines(expected)).toEqual(lines(left));
  });

  it('describe Idempotency-Key as it is parsed', () => {
    const pattern = new RegExp(IDEMPOTENCY_KEY_PATTERN);
    const printable = fc.string({ unit: fc.constantFrom('a', '"', '\\', ' ', '!', '~', 'é'), maxLength: 300 });
    const nearly = fc.oneof(
      printable,
      printable.map((inner) => `"${inner}"`),
      fc.integer({ min: 250, max: 260 }).map((length) => 'k'.repeat(length)),
      fc.integer({ min: 250, max: 260 }).map((length) => `"${'\\"'.repeat(length)}"`),
    );
    fc.assert(
      fc.property(nearly, (value) => {
        expect(pattern.test(value)).toBe(readIdempotencyKey([value]).kind === 'key');
      }),
    );
  });
});
