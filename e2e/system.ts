import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { endPart, killPart } from '@shop/local/control.ts';
import { controlParts } from '@shop/local/control-command.ts';
import { partOf, serviceProcesses } from '@shop/local/parts.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { readSystem } from '@shop/local/start-system.ts';
import { type PartReport, reportParts } from '@shop/local/status.ts';
import { bringDown } from '@shop/local/stop-system.ts';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { services } from '../services.ts';
import { checkExchange, type Exchange } from './contract/check-exchange.ts';

const run = promisify(execFile);
const CLI = join(__dirname, '../commands/cli.ts');
const END_WITHIN_MS = 10_000;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test fails if the body is not what it expects
  body: any;
}

export type Caller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** A complete system of separate processes: two of each service behind a gateway. */
export interface System {
  env: Record<string, string>;
  /** LOCAL_DIR for its commands. */
  folder: string;
  storefront: Caller;
  otherStorefront: Caller;
  backoffice: Caller;
  operations: Caller;
  anonymous: Caller;
  /** stop, kill, pause, resume or start a part, as `npm run local` does. */
  control(action: 'stop' | 'kill' | 'pause' | 'resume' | 'start', part: string): Promise<void>;
  /** All parts, with ports and, if they run, process ids. */
  parts(): Promise<PartReport[]>;
  orderDb: pg.Pool;
  inventoryDb: pg.Pool;
  /** Creates a product with this many units; returns its SKU. */
  product(units: number): Promise<string>;
  /** Available, reserved and on-hand units of a SKU. */
  stock(sku: string): Promise<{ onHand: number; reserved: number; available: number }>;
  /** Resolves when all processes respond and are connected to the broker. */
  healthy(): Promise<void>;
  down(): Promise<void>;
}

/**
 * Start a system in a separate folder and on free ports, with this many processes of each service and these variables
 * of
 * `npm start`. If E2E_SYSTEM_ENV is set, use the running system that this file describes, in the format of
 * `npm run --silent local -- env`. The system is stopped after the test or file that starts it.
 */
export async function startSystem(processes = 2, variables: Record<string, string> = {}): Promise<System> {
  const running = process.env.E2E_SYSTEM_ENV;
  if (running) return downAtEnd(talkTo(parseEnv(readFileSync(running, 'utf8')), notOurs));
  const folder = mkdtempSync(join(tmpdir(), 'shop-e2e-'));
  const environment = { ...process.env, ...variables, LOCAL_DIR: folder, DECK_RATE_LIMIT_PER_MINUTE: '10000000' };
  const cli = (...args: string[]) => run(process.execPath, [CLI, ...args], { env: environment, maxBuffer: 10_000_000 });
  const { port } = await choosePorts(['port']);
  const counts = ['--orders', String(processes), '--inventories', String(processes)];
  await cli('start', '--detach', '--port', String(port), ...counts).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`the system did not start:\n${error.stdout}${error.stderr}`);
    },
  );
  const system = talkTo(parseEnv((await cli('env')).stdout), {
    folder,
    // Without a process per command, because tests have many.
    async control(action, part) {
      await controlParts(readSystem(folder), action, part);
    },
    parts: () => reportParts(readSystem(folder)),
    async end() {
      const system = readSystem(folder);
      const answering = ['gateway', ...serviceProcesses(system.plan)];
      await Promise.all(answering.map((name) => endPart(partOf(system, name), END_WITHIN_MS, 'SIGINT')));
      // A clean stop of RabbitMQ takes 6 s, and its data is deleted anyway.
      killPart(partOf(system, 'broker'));
      await bringDown(system);
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return downAtEnd(system);
}

function downAtEnd(system: System): System {
  let isDown: Promise<void> | undefined;
  const { down } = system;
  system.down = () => {
    isDown ??= down();
    return isDown;
  };
  atEnd(system.down);
  return system;
}

/** Control over the parts of a system. */
type Hold = Pick<System, 'folder' | 'control' | 'parts'> & { end(): Promise<void> };

async function refuse(): Promise<never> {
  throw new Error('this test breaks parts, which is not allowed with E2E_SYSTEM_ENV');
}
const notOurs: Hold = { folder: '', control: refuse, parts: refuse, end: async () => {} };

function talkTo(env: Record<string, string>, { folder, control, parts, end }: Hold): System {
  const undescribed: string[] = [];
  /** Checks every call against the OpenAPI documents. `down` fails too, because some tests expect calls to fail. */
  function describedOnly(exchange: Exchange): void {
    try {
      checkExchange(exchange);
    } catch (error) {
      undescribed.push((error as Error).message);
      throw error;
    }
  }
  const caller =
    (key?: string): Caller =>
    (method, path, body, headers = {}) =>
      call(env.BASE_URL ?? '', path, method, body, { ...(key && { apikey: key }), ...headers }, describedOnly);
  const backoffice = caller(env.BACKOFFICE_KEY);
  const orderDb = new pg.Pool({ connectionString: env.ORDER_DB_URL, max: 3 });
  const inventoryDb = new pg.Pool({ connectionString: env.INVENTORY_DB_URL, max: 3 });
  for (const pool of [orderDb, inventoryDb]) pool.on('error', () => {});

  const system: System = {
    env,
    folder,
    storefront: caller(env.STOREFRONT_KEY),
    otherStorefront: caller(env.OTHER_STOREFRONT_KEY),
    backoffice,
    operations: caller(env.OPERATIONS_KEY),
    anonymous: caller(),
    control,
    parts,
    orderDb,
    inventoryDb,
    async product(units) {
      const sku = `SKU-${uuidv7().slice(-12)}`;
      await expectStatus(201, backoffice('POST', '/products', { sku, name: sku }, withKey()));
      const adjustment = { delta: units, reason: 'test' };
      if (units > 0) await expectStatus(200, backoffice('POST', `/products/${sku}/adjustments`, adjustment, withKey()));
      return sku;
    },
    async stock(sku) {
      // Right after a restart, the gateway may not have detected that the service is back.
      return eventually(async () => {
        const { status, text, body } = await backoffice('GET', `/products/${sku}`);
        if (status !== 200) throw new Error(`${status} ${text}`);
        return { onHand: body.onHand, reserved: body.reserved, available: body.available };
      });
    },
    async healthy() {
      for (const { path } of services) {
        // Several times, because each response is from one of two processes.
        await eventually(async () => {
          for (let n = 0; n < 4; n += 1) {
            const { status, body } = await system.anonymous('GET', `/health/${path}`);
            if (status !== 200 || body.status !== 'ok') return undefined;
          }
          return true;
        });
      }
    },
    async down() {
      await orderDb.end();
      await inventoryDb.end();
      await end();
      if (undescribed.length > 0) throw new Error(undescribed.slice(0, 10).join('\n'));
    },
  };
  return system;
}

function parseEnv(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

/** Sends a request; returns the response. */
async function call(
  gateway: string,
  path: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
  onExchange: (exchange: Exchange) => void,
): Promise<Answer> {
  const request = {
    method,
    headers: new Headers({ ...(body !== undefined && { 'content-type': 'application/json' }), ...headers }),
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  };
  const response = await fetch(`${gateway}${path}`, request);
  const answer = { status: response.status, headers: response.headers, text: await response.text() };
  onExchange({ ...request, path, answer });
  const isJson = response.headers.get('content-type')?.includes('json');
  return { ...answer, body: isJson && answer.text ? JSON.parse(answer.text) : undefined };
}

async function expectStatus(status: number, answer: Promise<Answer>): Promise<void> {
  const { status: found, text } = await answer;
  if (found !== status) throw new Error(`${found} instead of ${status}: ${text}`);
}

/** An Idempotency-Key header with this key, or a new one. */
export function withKey(key: string = uuidv7()): Record<string, string> {
  return { 'Idempotency-Key': key };
}

/** An order of one unit of a SKU. */
export function anOrderOf(sku: string, quantity = 1) {
  return { customerId: 'c-1', currency: 'EUR', lines: [{ sku, quantity }] };
}

/**
 * Place an order and wait until its stock is decided. 202 is a valid response if inventory-service is slow, for example
 * on a busy machine, or if order-service has not detected yet that it is back; then the request is repeated until the
 * order is decided.
 */
export async function placeAndWait(system: System, order: object, key: string = uuidv7()): Promise<Answer> {
  const first = await system.storefront('POST', '/orders', order, withKey(key));
  return first.status === 202 ? finalAnswer(system, order, key) : first;
}

/** Repeat a request with its key until it has a final response. */
export async function finalAnswer(system: System, order: object, key: string, withinMs = 60_000): Promise<Answer> {
  return eventually(async () => {
    const answer = await system.storefront('POST', '/orders', order, withKey(key)).catch(() => undefined);
    if (answer && (answer.status === 201 || (answer.status === 409 && answer.body.code !== 'request-in-progress'))) {
      return answer;
    }
    throw new Error(`no final answer for ${key}: ${answer?.status} ${answer?.text}`);
  }, withinMs);
}
