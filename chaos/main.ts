import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { scriptVariables } from '@shop/local/addresses.ts';
import { localFolder } from '@shop/local/folders.ts';
import type { System } from '@shop/local/parts.ts';
import { connectGateway } from '@shop/operator/gateway.ts';
import { printableLines } from '@shop/operator/printable.ts';
import { breakParts } from './break-parts.ts';
import { viewBroker } from './broker.ts';
import { ensureFaketime } from './clock.ts';
import { conclude, type Scene, verdictOf } from './conclude.ts';
import { connectionsBefore } from './connections.ts';
import { connectDatabases } from './databases.ts';
import { checkDrain, measureDrain } from './drain.ts';
import { followChanges } from './follow-changes.ts';
import { type Battlefield, type DoneFault, watchCrashes } from './nemesis.ts';
import { openNetwork } from './network.ts';
import { help, type Options, parseOptions } from './options.ts';
import { endOwnSystem, healSystem, startOwnSystem } from './own-system.ts';
import { connectShopping } from './place-for-shopper.ts';
import { readSchedule } from './read-schedule.ts';
import { type Report, renderReport } from './report.ts';
import { type FaultKind, faultKinds, type PlannedFault } from './schedule.ts';
import type { ApiKeys } from './sender.ts';
import { makeShoppers } from './shoppers.ts';
import {
  countAnswers,
  countRun,
  doubtsAboutShoppers,
  longestOutages,
  reasonsForDoubt,
  slowestAnswers,
} from './summary.ts';
import { watchLevels } from './watch-levels.ts';
import { watchMemory } from './watch-memory.ts';
import { makeProducts, makeWorkload } from './workload.ts';

const HEAL_TIMEOUT_MS = 120_000;
// By then all processes work and have opened their connections.
const WARM_UP_MS = 1_000;
const SHOPPERS = 6;

/** `npm run chaos`: exit code 0 if all checks passed, 1 on a violation, 2 if the run is inconclusive. */
export async function chaosCommand(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args, randomInt(2 ** 32));
    if (options === 'help') {
      console.log(help);
      return 0;
    }
    const chosen = options.drain === undefined ? await chooseFaults(options) : { faults: [], notes: [] };
    return await runChaos({ ...options, ...chosen });
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof Fault)) throw error;
    console.error(printableLines(error.message));
    return 2;
  }
}

/** The kinds of faults; `planned` if the schedule was given. */
interface Choice {
  faults: FaultKind[];
  planned?: PlannedFault[];
  notes: string[];
}

type Chosen = Options & Choice;

/** The requested kinds, or all that are possible on this machine, with a note on those that are not. */
async function chooseFaults(options: Options): Promise<Choice> {
  const planned = options.schedule === undefined ? undefined : readSchedule(options.schedule);
  const named = planned?.map(({ kind }) => kind) ?? options.faults;
  const faults = [...new Set(named ?? faultKinds)];
  if (!faults.includes('clock')) return { faults, planned, notes: [] };
  const obstacle = await ensureFaketime(join(localFolder(), 'logs', 'apt.log'), (text) =>
    process.stderr.write(`${text}\n`),
  );
  if (obstacle === undefined) return { faults, planned, notes: [] };
  if (named) throw new Fault(`Faults of kind clock are not possible here: ${obstacle}`);
  const note = `No faults of kind clock: ${obstacle}`;
  process.stderr.write(`${note}\n`);
  return { faults: faults.filter((kind) => kind !== 'clock'), notes: [note] };
}

async function runChaos(options: Chosen): Promise<number> {
  process.stderr.write(`Seed ${options.seed}. Starting a system of two and two processes …\n`);
  const interruption = new AbortController();
  const network = options.drain === undefined ? await openNetwork() : undefined;
  const name = `chaos/${Date.now().toString(36)}-${options.seed}`;
  const system = await startOwnSystem(name, network, 2, ['--accounts', '2']);
  let keepFolder = true; // until the run has passed
  const interrupted = stopOnSignal(system, interruption);
  try {
    const end = interruption.signal;
    const report = await Promise.race([
      withScene(system, options, (scene) =>
        network ? attack(scene, { system, network, end }, options) : drain(scene, end, options),
      ),
      interrupted,
    ]);
    keepFolder = options.keep || report.verdict === 'violated';
    if (keepFolder) report.folder = system.folder;
    await print(options.json ? JSON.stringify(report, null, 2) : `\n${renderReport(report)}`);
    if (options.keep) {
      process.stderr.write(`It runs until Ctrl-C: LOCAL_DIR=${system.folder} npm run local -- status\n`);
      await interrupted.catch(() => undefined);
    }
    return { holds: 0, violated: 1, inconclusive: 2 }[report.verdict];
  } finally {
    await endOwnSystem(system, keepFolder);
  }
}

/** Waits until the output is written: process.exit() discards what a pipe has not accepted yet. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}

/** Rejects on an interrupt; the caller stops the system. */
function stopOnSignal(system: System, interruption: AbortController): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        interruption.abort();
        reject(new Fault(`Interrupted. Logs and data are kept in ${system.folder}`));
      });
    }
  });
}

async function withScene(
  system: System,
  { seed, drain }: Pick<Options, 'seed' | 'drain'>,
  run: (scene: Scene) => Promise<Report>,
): Promise<Report> {
  const variables = scriptVariables(system.plan, system.secrets);
  const gateway = connectGateway(variables.BASE_URL ?? '', 128);
  const databases = connectDatabases(system);
  const shopping = connectShopping(system);
  try {
    const apiKeys: ApiKeys = {
      storefront: variables.STOREFRONT_KEY ?? '',
      'other storefront': variables.OTHER_STOREFRONT_KEY ?? '',
      'back office': variables.BACKOFFICE_KEY ?? '',
    };
    const broker = viewBroker(system);
    const workload = makeWorkload({ gateway, apiKeys, placeForShopper: shopping.attempt, seed });
    const { now } = workload;
    const shoppers = await makeShoppers({ system, gateway, databases, now, seed }, drain === undefined ? SHOPPERS : 0);
    const changes = await followChanges(variables.BASE_URL ?? '', variables.OPERATIONS_KEY ?? '');
    await broker.collectEvents();
    await makeProducts(workload);
    return await run({ system, gateway, databases, broker, apiKeys, workload, changes, shoppers });
  } finally {
    await gateway.close();
    await databases.close();
    await shopping.close();
  }
}

/** Breaks parts, and checks the result. */
async function attack(scene: Scene, field: Battlefield, options: Chosen): Promise<Report> {
  const { workload, databases, system } = scene;
  const { seed, seconds, faults: kinds, notes } = options;
  const memory = watchMemory(system);
  const levels = watchLevels(databases.inventory);
  const crashWatch = watchCrashes(field);
  const faults: DoneFault[] = [];
  workload.begin(scene.shoppers.live);
  const before = await connectionsBefore(scene, WARM_UP_MS);
  const { tookMs, aloneMs } = await breakParts(field, workload, options, faults);
  faults.sort(orderBy(({ began }) => began)); // some are recorded later than they began
  const crashes = crashWatch.stop();
  process.stderr.write('Repairing all parts and waiting until all orders are decided …\n');
  for (const link of Object.values(field.network)) link.set('pass');
  const silent = await healSystem(system, HEAL_TIMEOUT_MS);
  const healedAt = workload.now();
  crashes.push(...silent.map((name) => `${name} does not answer ${HEAL_TIMEOUT_MS / 1_000} s after it was started`));

  const rate = (1_000 * workload.operations.filter(({ kind }) => kind === 'place').length) / tookMs;
  const watched = { levels, memory, connectionsBefore: before, crashes, faults };
  const conclusion = await conclude(scene, watched, rate, options.recoverWithin);
  const counts = countRun(workload.operations, faults);
  const doubts = [...reasonsForDoubt(counts, kinds), ...doubtsAboutShoppers(conclusion.shoppers)];
  return {
    verdict: verdictOf(conclusion.checks, doubts),
    seed,
    seconds,
    kinds,
    extraSeconds: Math.max(0, Math.round((tookMs - aloneMs) / 1_000) - seconds),
    counts,
    faults: faults.map((fault) => ({ ...fault, began: Math.round(fault.began), ended: Math.round(fault.ended) })),
    answers: countAnswers(workload.operations),
    longestOutageMs: longestOutages(workload.operations, healedAt),
    slowestAnswerMs: slowestAnswers(workload.operations),
    ...conclusion,
    doubts,
    notes,
  };
}

/** Measures how fast a backlog drains, and makes the same checks as after faults. */
async function drain(
  scene: Scene,
  end: AbortSignal,
  { seed, recoverWithin, drain: orders = 0 }: Chosen,
): Promise<Report> {
  const { workload, databases, system } = scene;
  const began = workload.now();
  const memory = watchMemory(system);
  const before = connectionsBefore(scene, WARM_UP_MS);
  const { measured, countRepeated } = await measureDrain(scene, seed, orders, end);
  const seconds = Math.round((workload.now() - began) / 1_000);
  // Checking all stock levels loads the databases, so it starts after the measurement.
  const levels = watchLevels(databases.inventory);
  const watched = { levels, memory, connectionsBefore: await before, crashes: [], faults: [] };
  const conclusion = await conclude(scene, watched, measured.synchronousRate, recoverWithin);
  const checks = [...conclusion.checks, checkDrain(measured)];
  const doubts = measured.notAccepted > 0 ? [`${measured.notAccepted} orders did not get 202 during the outage`] : [];
  return {
    verdict: verdictOf(checks, doubts),
    seed,
    seconds,
    extraSeconds: 0,
    kinds: [],
    counts: countRun(workload.operations, []),
    faults: [],
    answers: countAnswers(workload.operations),
    longestOutageMs: {},
    slowestAnswerMs: slowestAnswers(workload.operations),
    ...conclusion,
    checks,
    drain: { ...measured, repeatedCommands: await countRepeated() },
    doubts,
    notes: [],
  };
}
