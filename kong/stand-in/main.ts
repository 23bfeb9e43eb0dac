/**
 * The stand-in for Kong without Docker. It reads the same kong/kong.yml and error template.
 *
 * Implemented: routes (matched by normalised path, method and headers); key-auth, acl, rate-limiting, request-transformer and
 * request-termination with Kong's messages, headers and order; removal of forged headers; limits of bodies and lines; error
 * bodies by `Accept`; X-Kong-Request-Id; round robin and least connections with active health checks; `retries`, 502, 503 and
 * 504; forwarded and dropped headers and queries.
 *
 * README.md lists the differences. A declaration with other settings is refused at startup.
 */
import { existsSync, readFileSync, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { createLogger, type Logger } from '@shop/chassis/base/telemetry/log.ts';
import { z } from 'zod';
import { DeclarationError } from './declaration.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { publishedAt } from './problem.ts';

const repository = resolve(import.meta.dirname, '../..');

const targetLists = z.record(z.string(), z.array(z.string().regex(/^[^:/\s]+:\d+$/, 'must be host:port')));
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  CLIENTS_FILE: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  KONG_FILE: z.string().default(resolve(repository, 'kong/kong.yml')),
  ERROR_TEMPLATE: z.string().default(resolve(repository, 'kong/error-template.json')),
  UPSTREAMS: z.string().transform(parseJson).pipe(targetLists).prefault('{}'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

function parseJson(text: string, ctx: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    ctx.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
}

function faultsOf(error: unknown): string[] {
  if (error instanceof DeclarationError) return error.faults;
  if (error instanceof z.ZodError) return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return [error instanceof Error ? error.message : String(error)];
}

/** The file does not exist before the first client is created. */
function readClients(path: string | undefined): string | undefined {
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

// Short enough for a user who waits for a new key; a check is one stat call.
const LOOK_EVERY_MS = 250;

/** Applies changes of the clients file without a restart. Polls, because the file is replaced and not written in place. */
function followClients(path: string, gateway: Gateway, logger: Logger): void {
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, () => {
    try {
      gateway.replaceClients(readClients(path));
      logger.info({ path }, 'clients loaded');
    } catch (error) {
      logger.error({ path, faults: faultsOf(error) }, 'clients file is invalid; the previous clients stay in effect');
    }
  });
}

async function main(): Promise<void> {
  const config = environment.parse(process.env);
  const logger = createLogger('gateway', config.LOG_LEVEL);
  const gateway = await startGateway({
    host: config.HOST,
    port: config.PORT,
    declaration: readFileSync(config.KONG_FILE, 'utf8'),
    clients: readClients(config.CLIENTS_FILE),
    errorTemplate: publishedAt(config.PUBLIC_URL, readFileSync(config.ERROR_TEMPLATE, 'utf8')),
    env: process.env,
    upstreams: config.UPSTREAMS,
    logger,
  });
  if (config.CLIENTS_FILE !== undefined) followClients(config.CLIENTS_FILE, gateway, logger);
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void gateway.close();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  await main();
} catch (error) {
  createLogger('gateway', 'fatal').fatal({ faults: faultsOf(error) }, 'gateway failed to start');
  process.exitCode = 1;
}
