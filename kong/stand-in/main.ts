/**
 * The stand-in for Kong where there is no Docker: it reads the same kong/kong.yml and error template.
 *
 * Copied: routes (normalised paths, method and headers as part of the match), key-auth, acl, rate-limiting, request-transformer and
 * request-termination with Kong's messages, headers and order; which client copies of which headers survive; the limits on
 * bodies and lines; error bodies by `Accept`; X-Kong-Request-Id; round robin and least connections with active health
 * checks, `retries`, 502, 503 and 504; forwarded and dropped headers and queries.
 *
 * local/README.md lists what differs. A declaration with anything else in it is refused at the start.
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

/** Where no client was made yet, there is no file. */
function readClients(path: string | undefined): string | undefined {
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

// Often enough for a person who waits for the new key to work; a look is one stat.
const LOOK_EVERY_MS = 250;

/** A client that is made, or a key that ends, is in force without a restart. By polling: the file is replaced, not written. */
function followClients(path: string, gateway: Gateway, logger: Logger): void {
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, () => {
    try {
      gateway.replaceClients(readClients(path));
      logger.info({ path }, 'the gateway takes the clients of this file');
    } catch (error) {
      logger.error({ path, faults: faultsOf(error) }, 'the clients of this file cannot be taken; the former ones stay');
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
  createLogger('gateway', 'fatal').fatal({ faults: faultsOf(error) }, 'the gateway cannot start');
  process.exitCode = 1;
}
