import { z } from 'zod';
import { tracingConfig } from '../telemetry/tracing-config.ts';
import { readVariables } from './read-variables.ts';

/** The configuration is invalid: one line per error. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(`Invalid configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/**
 * Read the environment with `schema`, and report all errors at once. An empty variable counts as absent. Any variable may be
 * read from a file instead, named by `<NAME>_FILE`, like Docker secrets.
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv = process.env): z.output<S> {
  const names = Object.keys(schema.shape);
  const emptyOnes = names.filter((name) => (schema.shape[name] as z.ZodType).meta()?.mayBeEmpty === true);
  const { values, faults } = readVariables(names, env, emptyOnes);
  for (const [name, variable] of Object.entries(schema.shape)) {
    const formerName = (variable as z.ZodType).meta()?.formerName;
    if (typeof formerName !== 'string' || values[name] || faults.some((fault) => fault.name === name)) continue;
    const former = readVariables([formerName], env);
    if (former.values[formerName]) values[name] = former.values[formerName];
    faults.push(...former.faults);
  }
  const result = schema.safeParse(values);
  if (result.success && faults.length === 0) return result.data;
  const ofFiles = new Set(faults.map(({ name }) => name));
  const ofValues = (result.error?.issues ?? [])
    .map((issue) => ({ name: issue.path.join('.'), message: issue.message }))
    .filter(({ name }) => !ofFiles.has(name));
  throw new ConfigError([...faults, ...ofValues].map(({ name, message }) => `${name}: ${message}`));
}

/** A whole number with a default. */
export function integer(minimum: number, maximum: number, fallback: number) {
  return z.coerce.number().int().min(minimum).max(maximum).default(fallback);
}

// Shorter secrets can be guessed; 32 characters of hex are 128 bits.
const SECRET = z.string().regex(/^[\x21-\x7e]{32,}$/, 'Must have at least 32 characters, all visible ASCII.');

/** A secret that only one service has. */
export function secret(description: string) {
  return SECRET.describe(description);
}

/** The previous value of a key of one service. */
export const replacedKey = SECRET.optional().describe('Previous key, still used for what was made with it');

/** A variable that was renamed. The former name is still read when the new one is not set. */
export function formerly<V extends z.ZodType>(formerName: string, variable: V): V {
  return variable.meta({
    formerName,
    description: `${variable.description}. Formerly \`${formerName}\`, which is still read`,
  });
}

/** A variable whose file may be empty, as if there were none: Compose has no optional secrets. */
export function mayBeEmpty<V extends z.ZodType>(variable: V): V {
  return variable.meta({ mayBeEmpty: true });
}

/** The token that identifies `caller` to `callee`; both read it. */
export function callToken(caller: string, callee: string) {
  return SECRET.describe(`Token with which ${caller} authenticates to ${callee}`);
}

/** The previous token, read by the service that checks it. */
export const replacedToken = SECRET.optional().describe('Previous token, also accepted while the token is rotated');

/** HTTP URLs, separated by commas. */
export const urlList = z
  .string()
  .transform((urls) => urls.split(',').map((url) => url.trim()))
  .pipe(z.array(z.url({ protocol: /^https?$/ })).min(1));

/** Settings of every service. `npm run configuration` writes the descriptions into the tables of settings. */
export const serviceConfig = z.object({
  HOST: z.string().default('0.0.0.0').describe('Address to listen on'),
  PORT: integer(0, 65_535, 3000).describe('Port to listen on'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('The service’s own PostgreSQL database, with the application role, which owns no objects'),
  DATABASE_POOL_SIZE: integer(4, 100, 10).describe('Maximum number of database connections'),
  RABBITMQ_URL: z.url({ protocol: /^amqps?$/ }).describe('URL of the RabbitMQ broker'),
  GATEWAY_TOKEN: SECRET.describe('Token that the gateway sends as `X-Gateway-Token` on routes that need an API key'),
  GATEWAY_TOKEN_PREVIOUS: replacedToken,
  GATEWAY_KEYLESS_TOKEN: SECRET.describe('Token that the gateway sends as `X-Gateway-Token` on all other routes'),
  GATEWAY_KEYLESS_TOKEN_PREVIOUS: replacedToken,
  JWKS_URL: urlList
    .optional()
    .describe(
      'URLs of the public keys of account-service, separated by commas and tried in order. Without it, no access token is valid',
    ),
  // No path, because the gateway serves the pages at its root. No character with a meaning in a template, or in the command
  // that fills it in.
  PUBLIC_URL: z
    .string()
    .regex(
      /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?$/i,
      'Must be http:// or https://, a host and optionally a port.',
    )
    .optional()
    .describe(
      'URL at which clients reach the gateway; the `type` of a problem is the URL of its page there. If it is not set, a reserved domain is used',
    ),
  DRAIN_SECONDS: integer(0, 60, 0).describe(
    'Time after SIGTERM during which `/health/ready` returns 503 and the service still handles requests, so that the gateway can stop sending them',
  ),
  KEY_RETENTION_HOURS: integer(1, 8_760, 72).describe('Retention of completed Idempotency-Keys'),
  RECONCILE_INTERVAL_SECONDS: integer(10, 86_400, 600).describe('Interval between reconciliation runs'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Minimum level to log'),
  ...tracingConfig,
});

/**
 * The current database URL from its file, so that the password can change while the service runs. While the file cannot be
 * read or is only partly written, the last valid URL.
 */
export function currentDatabaseUrl(atStart: string, env: NodeJS.ProcessEnv = process.env): () => string {
  let last = atStart;
  return () => {
    const read = serviceConfig.shape.DATABASE_URL.safeParse(readVariables(['DATABASE_URL'], env).values.DATABASE_URL);
    if (read.success) last = read.data;
    return last;
  };
}

/** The current token and, if set, the previous one. */
export function acceptedTokens(current: string, previous: string | undefined): string[] {
  return previous ? [current, previous] : [current];
}
