/** The checked-in OpenAPI documents, as far as the check of requests and responses needs them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { services } from '../../services.ts';

export type Schema = object;
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}
export interface Content {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
export interface Response {
  description: string;
  headers: Record<string, { required?: boolean; schema: Schema }>;
  /** Absent where there is no body: 204, 304. */
  content?: Record<string, Content>;
}

/** An operation with all references resolved, except in schemas. */
export interface DescribedOperation {
  document: string;
  method: string;
  template: string;
  operationId: string;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Content> };
  responses: Record<string, Response>;
}

type Json = Record<string, unknown>;
interface Document extends Json {
  paths: Record<string, Record<string, Json>>;
}

/** The document of the service in a folder. */
export function documentPath(folder: string): string {
  return join(__dirname, '../..', folder, 'openapi.json');
}

const documents = new Map(
  services.map(({ folder }) => [folder, JSON.parse(readFileSync(documentPath(folder), 'utf8')) as Document]),
);

/** All operations of the documents. */
export const operations: readonly DescribedOperation[] = [...documents].flatMap(([document, { paths }]) =>
  Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) =>
        ({ ...(resolve(document, operation) as object), document, method, template }) as DescribedOperation,
    ),
  ),
);

/** Resolves `$ref`s, except in schemas: the validator resolves those. */
function resolve(document: string, node: unknown, name = ''): unknown {
  if (typeof node !== 'object' || node === null || name === 'schema') return node;
  if (Array.isArray(node)) return node.map((item) => resolve(document, item));
  if ('$ref' in node) return resolve(document, pointedAt(document, String(node.$ref)));
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(document, value, key)]));
}

function pointedAt(document: string, reference: string): unknown {
  let target: unknown = documents.get(document);
  for (const step of reference.replace('#/', '').split('/')) target = (target as Json)[step];
  return target;
}

const paths = operations.map((operation) => ({
  operation,
  pattern: new RegExp(`^${operation.template.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '([^/]+)')}$`),
}));

/**
 * The operation of a call, with its path parameters; HEAD is GET. If two templates match, the one with more literals
 * wins.
 */
export function findOperation(method: string, path: string) {
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
  const found = paths
    .flatMap(({ operation, pattern }) => {
      const match = operation.method === wanted ? pattern.exec(path) : null;
      return match ? [{ operation, values: match.slice(1).map(decodeURIComponent) }] : [];
    })
    .sort(orderBy(({ values }) => values.length));
  return found[0];
}

// Values of paths, queries and headers are text; `coerceTypes` converts them to the types of their schemas.
const validators = { body: createAjv(false), text: createAjv(true) };

function createAjv(coerceTypes: boolean) {
  const ajv = new Ajv2020({ coerceTypes, allErrors: true, strict: false });
  addFormats.default(ajv);
  for (const [name, document] of documents) ajv.addSchema(document, name);
  return ajv;
}

const compiled = new Map<Schema, ValidateFunction>();

/** The validation error of a value, or undefined. `text`: the value is from a path, query or header. */
export function faultIn(document: string, schema: Schema, value: unknown, kind: 'body' | 'text' = 'body') {
  let validate = compiled.get(schema);
  if (!validate) {
    // References in the schema are relative to its document.
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${document}#/`));
    validate = validators[kind].compile(absolute);
    compiled.set(schema, validate);
  }
  return validate(value)
    ? undefined
    : validators[kind].errorsText(validate.errors, { dataVar: '', separator: '; ' }).trim();
}
