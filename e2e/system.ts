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
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came and fails when it is something else
  body: any;
}

export type Caller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** A whole system of processes of its own, two of each service, behind its own gateway. */
export interface System {
  env: Record<string, string>;
  /** LOCAL_DIR of its commands. */
  folder: string;
  storefront: Caller;
  otherStorefront: Caller;
  backoffice: Caller;
  operations: Caller;
  anonymous: Caller;
  /** stop, kill, pause, resume or start a part, as `npm run local` does. */
  control(action: 'stop' | 'kill' | 'pause' | 'resume' | 'start', part: string): Promise<void>;
  /** Each part, with its port and, when it runs, its process. */
  parts(): Promise<PartReport[]>;
  orderDb: pg.Pool;
  inventoryDb: pg.Pool;
  /** A product with so many units; returns its SKU. */
  product(units: number): Promise<string>;
  /** Available, reserved and on-hand units of a SKU. */
  stock(sku: string): Promise<{ onHand: number; reserved: number; available: number }>;
  /** Resolves when every service answers and is connected to the broker. */
  healthy(): Promise<void>;
  down(): Promise<void>;
}

/**
 * Start a system in a folder and on ports of its own, with so many processes of each service, and with these of
 * local's variables. Or talk to one that runs already: the one that the file E2E_SYSTEM_ENV describes, in the form of
 * `npm run --silent local -- env`. It goes down with the test or the file that starts it.
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
    // As the commands do, without a process for each of them: a test gives many.
    async control(action, part) {
      await controlParts(readSystem(folder), action, part);
    },
    parts: () => reportParts(readSystem(folder)),
    async end() {
      const system = readSystem(folder);
      const answering = ['gateway', ...serviceProcesses(system.plan)];
      await Promise.all(answering.map((name) => endPart(partOf(system, name), END_WITHIN_MS, 'SIGINT')));
      // Asked to end, RabbitMQ takes 6 s, to save what is removed here.
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

/** What can be done to a system besides talking to it. */
type Hold = Pick<System, 'folder' | 'control' | 'parts'> & { end(): Promise<void> };

async function refuse(): Promise<never> {
  throw new Error('this test breaks parts, and may not do so to the system of E2E_SYSTEM_ENV');
}
const notOurs: Hold = { folder: '', control: refuse, parts: refuse, end: async () => {} };

function talkTo(env: Record<string, string>, { folder, control, parts, end }: Hold): System {
  const undescribed: string[] = [];
  /** Every call is held against the OpenAPI documents; `down` fails too, for some tests expect calls to fail. */
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
      // Right after a restart, the gateway may not know yet that the service is back.
      return eventually(async () => {
        const { status, text, body } = await backoffice('GET', `/products/${sku}`);
        if (status !== 200) throw new Error(`${status} ${text}`);
        return { onHand: body.onHand, reserved: body.reserved, available: body.available };
      });
    },
    async healthy() {
      for (const { path } of services) {
        // Several times, for each answer comes from one of two processes.
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

/** A request of a test, with its answer. */
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

/** A header with this key, or with a new one. */
export function withKey(key: string = uuidv7()): Record<string, string> {
  return { 'Idempotency-Key': key };
}

/** An order of one unit of a SKU. */
export function anOrderOf(sku: string, quantity = 1) {
  return { customerId: 'c-1', currency: 'EUR', lines: [{ sku, quantity }] };
}

/**
 * Place an order and wait until its stock is decided. A 202 is a right answer whenever inventory-service is slow, on a busy
 * machine, say, or when order-service has not yet noticed that it is back; such a request is repeated until it is settled.
 */
export async function placeSettled(system: System, order: object, key: string = uuidv7()): Promise<Answer> {
  const first = await system.storefront('POST', '/orders', order, withKey(key));
  return first.status === 202 ? settled(system, order, key) : first;
}

/** Repeat a request under its key until it has a final answer. */
export async function settled(system: System, order: object, key: string, withinMs = 60_000): Promise<Answer> {
  return eventually(async () => {
    const answer = await system.storefront('POST', '/orders', order, withKey(key)).catch(() => undefined);
    if (answer && (answer.status === 201 || (answer.status === 409 && answer.body.code !== 'request-in-progress'))) {
      return answer;
    }
    throw new Error(`no final answer for ${key}: ${answer?.status} ${answer?.text}`);
  }, withinMs);
}
