import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@shop/chassis/base/fault.ts';
import { hasNoProducts, seedDemoProducts } from '@shop/operator/seed.ts';
import { lookUpIn } from '@shop/operator/variables.ts';
import { DeclarationError, readDeclaration } from '@shop/stand-in/declaration.ts';
import { createProblemRenderer } from '@shop/stand-in/problem.ts';
import { bundleFolder, ensureBundle, hasBundle } from '@shop/web/bundle.ts';
import type { Service } from '../../services.ts';
import { pages, services } from '../../services.ts';
import { databaseUrl, scriptVariables, urlOf } from './addresses.ts';
import type { StartOptions } from './arguments.ts';
import type { Part } from './control.ts';
import { isAlive, partStatus, startPart } from './control.ts';
import { localFolder, repositoryRoot } from './folders.ts';
import { readJson } from './json-file.ts';
import { tailOf } from './log-tail.ts';
import type { System } from './parts.ts';
import { allPartNames, nodeLaunch, partOf, postgresOf, serviceProcesses } from './parts.ts';
import type { Plan } from './plan.ts';
import { deckVariables, makePlan, readPlan, removePlan, savePlan } from './plan.ts';
import { isFree } from './ports.ts';
import type { ProcessId } from './processes.ts';
import { howItEnded, isRunning, runLogged, thisProcess } from './processes.ts';
import type { Progress } from './progress.ts';
import { showProgress } from './progress.ts';
import { loadSecrets } from './secrets.ts';
import { ensureRabbitmq } from './servers/install-rabbitmq.ts';
import { ensureMonitoring } from './servers/monitoring.ts';
import { initPostgres, prepareDatabase, superuserUrl } from './servers/postgres.ts';
import { endLeftovers, stopSystem } from './stop-system.ts';
import { summaryOf } from './summary.ts';
import { reportCrashes, stoppedBySignal } from './supervise.ts';

// Generous, because a slow disk or a busy machine is not a fault; a part that exits is noticed at once anyway.
const READY_TIMEOUT_MS = 90_000;

/** `npm start`: starts the system, and supervises it unless detached. */
export async function startSystem(options: StartOptions): Promise<number> {
  const began = performance.now();
  const folder = localFolder();
  const progress = showProgress();
  const system = await claim(folder, options, progress);
  const interrupted = new AbortController();
  const stopped = stoppedBySignal(system, interrupted);
  try {
    await bringUp(system, progress, interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return stopped.then(() => 130);
    console.error(error instanceof Fault ? `\n${error.message}\n` : error);
    await stopSystem(system);
    return 1;
  }
  if (interrupted.signal.aborted) return stopped.then(() => 130);
  savePlan(folder, { ...system.plan, ready: true });
  console.log(summaryOf(system, (performance.now() - began) / 1000));
  if (options.detach) return 0;
  reportCrashes(system);
  return stopped;
}

/** Makes sure that no other system runs in this folder, and decides ports and keys. */
async function claim(folder: string, options: StartOptions, progress: Progress): Promise<System> {
  if (process.platform !== 'linux') {
    throw new Fault(
      `npm start controls its parts through /proc, so it runs only on Linux, not on ${process.platform}.`,
    );
  }
  const secrets = loadSecrets(folder);
  const last = readPlan(folder);
  if (last) refuseIfRunning({ folder, plan: last, secrets }, options);
  refuseBadDeclaration(deckVariables(secrets, process.env));
  lock(folder);
  if (last) await endLeftoversOf({ folder, plan: last, secrets }, progress);
  if (!(await isFree(options.port))) {
    throw new Fault(
      `Port ${options.port} is in use by another program. Choose another port: npm start -- --port ${options.port + 1}`,
    );
  }
  if (options.monitoring) ensureMonitoring();
  await ensureRabbitmq(join(folder, 'logs', 'apt.log'), progress.say);
  forgetParts(folder);
  if (options.fresh) emptyData(folder);
  const { port, processes, monitoring, watch, inspect } = options;
  const bundle = bundleFolder();
  const mode = options.detach ? 'detached' : 'foreground';
  const plan = await makePlan(
    { port, processes, monitoring, watch, inspect, bundle, mode, startedBy: thisProcess() },
    secrets,
    process.env,
    last,
  );
  savePlan(folder, plan);
  return { folder, plan, secrets };
}

function refuseIfRunning(last: System, options: StartOptions): void {
  const { plan } = last;
  const starter = isRunning(plan.startedBy);
  // A detached system that is ready runs without its starter; any other system without its starter is a leftover.
  if (!starter && !(plan.mode === 'detached' && plan.ready && aliveParts(last).length > 0)) return;
  const fresh = options.fresh ? ' Its data cannot be emptied while it runs.' : '';
  const doing = plan.ready ? 'is running' : 'is being started or stopped';
  const who = starter ? ` (pid ${plan.startedBy.pid})` : '';
  throw new Fault(
    `The system ${doing} already at ${urlOf(plan, 'gateway')}${who}.${fresh}\n` +
      'Show it with "npm run local -- status"; stop it with "npm run local -- down".',
  );
}

/** The gateway starts last; check its files now. */
function refuseBadDeclaration(deck: Record<string, string>): void {
  const read = (name: string) => readFileSync(join(repositoryRoot(), 'kong', name), 'utf8');
  try {
    readDeclaration(read('kong.yml'), deck);
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error;
    throw new Fault(`kong/kong.yml: ${error.message}\nNothing was started.`);
  }
  try {
    createProblemRenderer(read('error-template.json'));
  } catch (error) {
    throw new Fault(`kong/error-template.json: ${(error as Error).message}\nNothing was started.`);
  }
}

/** Two simultaneous starts would both find nothing running, and then stop each other's parts. */
function lock(folder: string): void {
  const path = join(folder, 'start.lock');
  const holder = readJson<ProcessId>(path);
  if (isRunning(holder)) throw new Fault(`Another npm start (pid ${holder?.pid}) is running in ${folder}.`);
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(thisProcess()), { flag: 'wx', mode: 0o600 }); // never released: it ends with its holder
}

async function endLeftoversOf(last: System, progress: Progress): Promise<void> {
  const alive = aliveParts(last);
  if (alive.length === 0) return;
  progress.say(`  An earlier run was killed and left ${alive.join(', ')} running: stopping them.`);
  await endLeftovers(last);
}

function aliveParts(system: System): string[] {
  return allPartNames(system.plan).filter((name) => isAlive(partOf(system, name)));
}

/** Deletes the records of an earlier run. */
function forgetParts(folder: string): void {
  rmSync(join(folder, 'parts'), { recursive: true, force: true });
  mkdirSync(join(folder, 'parts'), { mode: 0o700 });
}

function emptyData(folder: string): void {
  const servers = services.map(({ database }) => database.server);
  for (const name of [...servers, 'broker', 'maildev', 'prometheus', 'alertmanager']) {
    rmSync(join(folder, 'data', name), { recursive: true, force: true });
  }
  removePlan(folder);
}

async function bringUp(system: System, progress: Progress, interrupted: AbortSignal): Promise<void> {
  const start = (name: string) => progress.step(name, () => startAndWait(partOf(system, name), interrupted));
  keepOldLogs(system);
  await allSettledOrThrow([
    ...services.map((service) => bringUpDatabase(system, service, progress, interrupted)),
    start('broker'),
    bringUpPages(system, progress, interrupted),
    start('maildev'),
  ]);
  await allSettledOrThrow(serviceProcesses(system.plan).map(start));
  await start('gateway');
  if (system.plan.monitoring) await allSettledOrThrow(['alertmanager', 'prometheus'].map(start));
  const lookUp = lookUpIn(scriptVariables(system.plan, system.secrets));
  if (await hasNoProducts(lookUp)) await progress.step('demo products', () => seedDemoProducts(lookUp));
}

async function bringUpDatabase(
  system: System,
  service: Service,
  progress: Progress,
  interrupted: AbortSignal,
): Promise<void> {
  const { folder, plan, secrets } = system;
  const name = service.database.server;
  const server = postgresOf(system, name);
  const owner = databaseUrl(plan, secrets, service.name, 'owner');
  await progress.step(name, async () => {
    await initPostgres(server).catch((error: Error & { stderr?: string }) => {
      throw new Fault(`Could not create ${name}: ${error.stderr || error.message}`);
    });
    await startAndWait(partOf(system, name), interrupted);
    const { password: ownerPassword } = new URL(owner);
    const { name: database, owner: role } = service.database;
    await prepareDatabase(superuserUrl(server), { name: database, owner: role, ownerPassword });
  });
  await progress.step(`${service.folder} migrations`, async () => {
    const log = join(folder, 'logs', `${migrationOf(service)}.log`);
    const launch = nodeLaunch(`${service.folder}/src/migrate.ts`, {
      DATABASE_OWNER_URL: owner,
      DATABASE_URL: databaseUrl(plan, secrets, service.name, 'service'),
    });
    const code = await runLogged({ ...launch, args: [...launch.args, 'up'] }, log);
    if (code !== 0)
      throw new Fault(`The migrations of ${service.folder} failed (code ${code}).\n${tailOf(log)}\n  ${log}`);
  });
}

async function bringUpPages({ plan, ...system }: System, progress: Progress, interrupted: AbortSignal): Promise<void> {
  if (!hasBundle(plan.bundle)) await progress.step('build of the pages', () => ensureBundle(plan.bundle));
  await progress.step(pages.name, () => startAndWait(partOf({ plan, ...system }, pages.name), interrupted));
}

/** The name of its migrations' log. */
function migrationOf({ name }: Service): string {
  return `${name}-migrate`;
}

/** Starts a part and waits until it is ready; throws a Fault with the end of its log. */
export async function startAndWait(part: Part, interrupted: AbortSignal): Promise<void> {
  const { name } = part;
  interrupted.throwIfAborted(); // a part must not start while everything is being stopped
  await startPart(part);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await part.answers())) {
    interrupted.throwIfAborted();
    const status = partStatus(part);
    if (status.state !== 'running') {
      const how = status.process && howItEnded(status.process);
      throw new Fault(
        `${name} exited before it was ready${how ? ` (${how})` : ''}.\n${tailOf(part.log)}\n  ${part.log}`,
      );
    }
    if (performance.now() > deadline) {
      throw new Fault(`${name} was not ready within ${READY_TIMEOUT_MS / 1000} s.\n${tailOf(part.log)}\n  ${part.log}`);
    }
    await delay(100, undefined, { signal: interrupted });
  }
}

/** Waits for all promises before it throws the first failure, so that nothing is still starting during the shutdown. */
async function allSettledOrThrow(work: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

function keepOldLogs({ folder, plan }: System): void {
  for (const name of [...allPartNames(plan), ...services.map(migrationOf)]) {
    const log = join(folder, 'logs', name);
    if (existsSync(`${log}.log`)) renameSync(`${log}.log`, `${log}.previous.log`);
  }
}

/** The system of the stored plan, for commands that act on it. */
export function readSystem(folder = localFolder()): System {
  const plan: Plan | undefined = readPlan(folder);
  if (plan === undefined) throw new Fault('No system has been started in this folder. Start it: npm start');
  return { folder, plan, secrets: loadSecrets(folder) };
}
