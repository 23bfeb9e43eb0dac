import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { calls, serviceKeys, services } from '../../services.ts';
import { readJson, writeJson } from './json-file.ts';

const names = [
  'storefrontKey',
  'otherStorefrontKey',
  'backofficeKey',
  'operationsKey',
  'gatewayToken',
  'gatewayKeylessToken',
  ...calls.map(({ token }) => token),
  ...serviceKeys.map(({ key }) => key),
  'postgresPassword',
  ...services.flatMap(({ name }) => [`${name}OwnerPassword`, `${name}ServicePassword`] as const),
  'rabbitmqPassword',
] as const;

export type Secrets = Record<(typeof names)[number], string>;

/** Keys, tokens and passwords of this system: generated once and stored in a file that only its owner can read. */
export function loadSecrets(folder: string): Secrets {
  const path = join(folder, 'secrets.json');
  const known = readJson<Partial<Secrets>>(path) ?? {};
  // Hex needs no quoting in URLs, SQL, configuration files and gateway templates.
  const secrets = Object.fromEntries(names.map((name) => [name, known[name] ?? newSecret()])) as Secrets;
  if (names.some((name) => known[name] === undefined)) writeJson(path, secrets);
  return secrets;
}

/** 128 random bits in hex. */
export function newSecret(): string {
  return randomBytes(16).toString('hex');
}
