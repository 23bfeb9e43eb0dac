import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Fault } from '@shop/chassis/base/fault.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { portOf } from '@shop/local/addresses.ts';
import { killPart, partStatus, resumePart, startPart } from '@shop/local/control.ts';
import { localFolder, repositoryRoot } from '@shop/local/folders.ts';
import { allPartNames, partOf, type System } from '@shop/local/parts.ts';
import { type Plan, readPlan } from '@shop/local/plan.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { loadSecrets } from '@shop/local/secrets.ts';
import { amqpUrl } from '@shop/local/servers/rabbitmq.ts';
import { readSystem } from '@shop/local/start-system.ts';
import { bringDown } from '@shop/local/stop-system.ts';
import { serviceNamed } from '../services.ts';
import type { Network } from './network.ts';

const run = promisify(execFile);

/**
 * Starts an empty system for this run only, independent of any other on this machine, with these links between its parts (if
 * any), this many processes of each service, and these other options of `npm start`.
 */
export async function startOwnSystem(
  name: string,
  network?: Network,
  processes = 2,
  options: string[] = [],
): Promise<System> {
  const folder = join(localFolder(), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { gateway } = await choosePorts(['gateway']);
  // The rate limit would stop these clients.
  const env = {
    ...process.env,
    LOCAL_DIR: folder,
    DECK_RATE_LIMIT_PER_MINUTE: '1000000000',
    ...(network && linksFor(folder, network)),
  };
  const args = ['start', '--detach', '--fresh', '--port', String(gateway), '--orders', `${processes}`];
  args.push('--inventories', `${processes}`, ...options);
  const starting = run(process.execPath, [join(repositoryRoot(), 'commands/cli.ts'), ...args], { env }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Fault(`The system did not start:\n${stdout}${stderr}`);
    },
  );
  // The ports are decided before anything is started, and the services need their links immediately.
  const plan = await Promise.race([eventually(() => readPlan(folder), 60_000), starting.then(() => readPlan(folder))]);
  if (plan && network) aim(network, plan);
  await starting;
  return readSystem(folder);
}

function aim(network: Network, plan: Plan): void {
  for (const [name, link] of Object.entries(network)) link.aimAt(portOf(plan, name.replace(/.* to /, '')));
}

/** The settings that give the services the links' addresses instead of the real ones. */
function linksFor(folder: string, network: Network): Record<string, string> {
  const secrets = loadSecrets(folder);
  const broker = (link: keyof Network) =>
    amqpUrl({
      folder,
      user: 'shop',
      password: secrets.rabbitmqPassword,
      ports: { amqp: network[link].port, management: 0, distribution: 0, epmd: 0 },
    });
  const urls = (...links: (keyof Network)[]) => links.map((link) => `http://127.0.0.1:${network[link].port}`).join(',');
  const database = (service: 'order' | 'inventory' | 'account', link: keyof Network) => {
    const { role, name } = serviceNamed(service).database;
    return `postgres://${role}:${secrets[`${service}ServicePassword`]}@127.0.0.1:${network[link].port}/${name}`;
  };
  return {
    ORDER_SERVICE_INVENTORY_URL: urls('order to inventory-1', 'order to inventory-2'),
    ORDER_SERVICE_RABBITMQ_URL: broker('order to broker'),
    ORDER_SERVICE_DATABASE_URL: database('order', 'order to order-db'),
    INVENTORY_SERVICE_RABBITMQ_URL: broker('inventory to broker'),
    INVENTORY_SERVICE_DATABASE_URL: database('inventory', 'inventory to inventory-db'),
    ACCOUNT_SERVICE_ORDER_URL: urls('account to order-1', 'account to order-2'),
    ACCOUNT_SERVICE_RABBITMQ_URL: broker('account to broker'),
    ACCOUNT_SERVICE_DATABASE_URL: database('account', 'account to account-db'),
  };
}

/** Stops the system, and deletes its folder unless it is to be kept. */
export async function endOwnSystem(system: System, keepFolder: boolean): Promise<void> {
  if (keepFolder) {
    await bringDown(system);
  } else {
    // RabbitMQ takes seconds to stop cleanly, and its data is not needed; PostgreSQL has to release its shared memory.
    for (const name of allPartNames(system.plan).filter((one) => !one.endsWith('-db'))) killPart(partOf(system, name));
  }
  // Also after an interrupt: a part may just have been restarting.
  await bringDown(system);
  if (!keepFolder) rmSync(system.folder, { recursive: true, force: true });
}

/** Starts and resumes all parts that do not run, and waits until everything responds; returns the parts that do not. */
export async function healSystem(system: System, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  const parts = allPartNames(system.plan).map((name) => partOf(system, name));
  for (;;) {
    for (const part of parts) {
      resumePart(part);
      if (partStatus(part).state !== 'running') await startPart(part);
    }
    const answers = await Promise.all(parts.map((part) => part.answers()));
    const silent = parts.filter((_, index) => !answers[index]).map(({ name }) => name);
    if (silent.length === 0 || performance.now() > deadline) return silent;
    await delay(200);
  }
}
