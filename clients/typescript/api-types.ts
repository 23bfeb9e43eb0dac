import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; description: string; schema: object }[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

type Content = Record<string, { schema: object }>;
type Schemas = Record<string, object>;

/** What is read of a service's document. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Schemas };
}

/** The file that `writeApiTypes` makes, from the root of the repository. */
export const API_TYPES = 'clients/typescript/src/api.ts';

/** The types of what these documents describe, as TypeScript: `paths` and `components`. */
export function makeApiTypes(root: string, documents: readonly OpenApiDocument[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'shop-client-'));
  try {
    const [input, output] = [join(folder, 'openapi.json'), join(folder, 'api.ts')];
    writeFileSync(input, JSON.stringify(mergeDocuments(documents)));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [generatorOf(root), input, '--output', output, '--default-non-nullable', 'false'],
      // There, the rules of redocly.yaml do not hold: they are those of the services' documents.
      { cwd: folder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`openapi-typescript failed:\n${stdout}${stderr}`);
    return readFileSync(output, 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\n/, `${HEADER}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEADER = "// Written by `npm run client-types` from the services' openapi.json: do not edit.";

/** The command of the package, as its manifest names it: the types need not be installed to check those of this file. */
function generatorOf(root: string): string {
  const manifest = createRequire(join(root, 'clients/typescript/package.json')).resolve(
    'openapi-typescript/package.json',
  );
  return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin['openapi-typescript']);
}

/**
 * One document of all, with nothing but schemas: those that the services name, and of each operation its query, its body and
 * its answer under names of their own. Types of paths, headers and refusals would be nine tenths of the result.
 */
export function mergeDocuments(documents: readonly OpenApiDocument[]): object {
  const schemas: Schemas = {};
  // The services share some schemas and operations; a client has one type of each.
  const add = (name: string, schema: object) => {
    if (schemas[name] !== undefined && JSON.stringify(schemas[name]) !== JSON.stringify(schema)) {
      throw new Error(`the documents describe ${name} in two ways`);
    }
    schemas[name] = schema;
  };
  for (const { paths, components } of documents) {
    for (const [name, schema] of Object.entries(components.schemas)) add(name, schema);
    for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
      for (const [name, schema] of Object.entries(schemasOf(operation))) add(name, schema);
    }
  }
  return { openapi: '3.1.0', info: { title: 'Client', version: '1' }, paths: {}, components: { schemas } };
}

/** `PlaceOrderBody`, `ListOrdersQuery`, `ListOrdersAnswer`. */
function schemasOf({ operationId, parameters = [], requestBody, responses }: Operation): Schemas {
  const name = operationId.replace(/^./, (first) => first.toUpperCase());
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  const properties = Object.fromEntries(
    inQuery.map((parameter) => [parameter.name, { description: parameter.description, allOf: [parameter.schema] }]),
  );
  const success = Object.entries(responses).find(([status]) => status < '300')?.[1];
  const body = requestBody?.content['application/json'];
  const answer = success?.content?.['application/json'];
  return {
    ...(inQuery.length > 0 && { [`${name}Query`]: { type: 'object', properties, additionalProperties: false } }),
    ...(body && { [`${name}Body`]: body.schema }),
    ...(answer && { [`${name}Answer`]: answer.schema }),
  };
}
