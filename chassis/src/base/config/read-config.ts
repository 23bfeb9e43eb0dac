import { z } from 'zod';
import { tracingConfig } from '../telemetry/tracing-config.ts';
import { readVariables } from './read-variables.ts';

/** The environment is wrong: one line per fault. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/**
 * Read the environment through `schema`; every fault is reported at once. An empty variable counts as absent. Any
 * variable may stand in a file that `<NAME>_FILE` names, as secrets do under Docker.
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv = process.env): z.output<S> {
  const { values, faults } = readVariables(Object.keys(schema.shape), env);
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
const SECRET = z.string().regex(/^[\x21-\x7e]{32,}$/, 'Must have at least 32 visible characters.');

/** A variable that had another name in an earlier version, under which it is still read where the new one is not set. */
export function formerly<V extends z.ZodType>(formerName: string, variable: V): V {
  return variable.meta({
    formerName,
    description: `${variable.description}. Formerly \`${formerName}\`, which is still read`,
  });
}

/** The token by which `callee` knows `caller`, as both of them read it. */
export function callToken(caller: string, callee: string) {
  return SECRET.describe(`What ${caller} sends to ${callee}, which knows it by that`);
}

/** A token that is being replaced, as the one who checks it reads it. */
export const replacedToken = SECRET.optional().describe('Accepted beside it while the token is rotated');

/** What both services read. Descriptions are the tables of settings: `npm run configuration`. */
export const serviceConfig = z.object({
  HOST: z.string().default('0.0.0.0').describe('Address to listen on'),
  PORT: integer(0, 65_535, 3000).describe('Port to listen on'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('The service’s own PostgreSQL, as the application role, which owns nothing'),
  DATABASE_POOL_SIZE: integer(4, 100, 10).describe('Database connections at most'),
  RABBITMQ_URL: z.url({ protocol: /^amqps?$/ }).describe('The broker'),
  GATEWAY_TOKEN: SECRET.describe('What the gateway sends as X-Gateway-Token'),
  GATEWAY_TOKEN_PREVIOUS: replacedToken,
  // No path: the gateway serves the pages at its root. And no character that a template, or the command that fills it in,
  // would take for something else.
  PUBLIC_URL: z
    .string()
    .regex(
      /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?$/i,
      'Must be http:// or https://, a host and perhaps a port.',
    )
    .optional()
    .describe(
      'Where clients reach the gateway: the `type` of a problem is the address of its page there. Without it, a reserved domain',
    ),
  DRAIN_SECONDS: integer(0, 60, 0).describe(
    'After SIGTERM, how long `/health/ready` is 503 and all else goes on, for a gateway to go elsewhere',
  ),
  KEY_RETENTION_HOURS: integer(1, 8_760, 72).describe('How long a completed Idempotency-Key is kept'),
  RECONCILE_INTERVAL_SECONDS: integer(10, 86_400, 600).describe('Time from one reconciliation to the next'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
  ...tracingConfig,
});

/**
 * The database's URL as its file has it now, for a password that changes while the service runs; the last good one while
 * the file cannot be read or is half written.
 */
export function currentDatabaseUrl(atStart: string, env: NodeJS.ProcessEnv = process.env): () => string {
  let last = atStart;
  return () => {
    const read = serviceConfig.shape.DATABASE_URL.safeParse(readVariables(['DATABASE_URL'], env).values.DATABASE_URL);
    if (read.success) last = read.data;
    return last;
  };
}

/** A token and the one it replaces, without the gap. */
export function acceptedTokens(current: string, previous: string | undefined): string[] {
  return previous ? [current, previous] : [current];
}
