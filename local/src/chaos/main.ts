import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { Fault, UsageError } from '@shop/operator/faults.ts';
import { connectGateway, type Gateway } from '@shop/operator/gateway.ts';
import { scriptVariables } from '../addresses.ts';

import { localFolder } from '../folders.ts';
import type { System } from '../parts.ts';
import { breakParts } from './break-parts.ts';
import { viewBroker } from './broker.ts';
import { type Check, checkEvidence } from './checker.ts';
import { ensureFaketime } from './clock.ts';
import { collectEvidence } from './collect-evidence.ts';
import { connectionsAfter, connectionsBefore } from './connections.ts';
import { connectDatabases, type Databases } from './databases.ts';
import type { Evidence, Unsettled } from './evidence.ts';
import { isDecided } from './history.ts';
import { type Battlefield, type DoneFault, watchCrashes } from './nemesis.ts';
import { openNetwork } from './network.ts';
import { help, type Options, parseOptions } from './options.ts';
import { endOwnSystem, healSystem, startOwnSystem } from './own-system.ts';
import { readSchedule } from './read-schedule.ts';
import { type Report, renderReport } from './report.ts';
import { type FaultKind, faultKinds, type PlannedFault } from './schedule.ts';
import { waitingOrders, waitUntilSettled } from './settle.ts';
import { countAnswers, countRun, longestOutages, reasonsForDoubt, slowestAnswers } from './summary.ts';
import { traceOf } from './trace.ts';
import { watchLevels } from './watch-levels.ts';
import { watchMemory } from './watch-memory.ts';
import { type ApiKeys, coldSkus, hotSkus, makeProducts, makeWorkload } from './workload.ts';

// When the keys needed all of the time, the rest still gets a moment to be looked at.
const lastLookMs = 5_000;
const healMs = 120_000;
// All are at work by then, and have the connections that they need for it.
const warmUpMs = 1_000;
// Every key once more after all is quiet; more of them would say the same.
const mostRepeatsAtTheEnd = 1_500;
const mostTraces = 5;

/** `npm run chaos`: 0 when everything holds, 1 when something is violated, 2 when the run says nothing. */
export async function chaosCommand(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args, randomInt(2 ** 32));
    if (options === 'help') {
      console.log(help);
      return 0;
    }
    return await runChaos({ ...options, ...(await chooseFaults(options)) });
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof Fault)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** The kinds that were named or scheduled, or all that this machine can do, and a note on what it cannot. */
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
  const network = await openNetwork();
  const system = await startOwnSystem(`${Date.now().toString(36)}-${options.seed}`, network);
  let keepFolder = true; // until it is known that nothing is wrong
  const interrupted = stopOnSignal(system, interruption);
  try {
    const report = await Promise.race([attack({ system, network, end: interruption.signal }, options), interrupted]);
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

/** Waits until it is out: a command ends with process.exit, which drops what a pipe has not taken yet. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}

/** Rejects when the user has had enough; the system is ended by whoever waits. */
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

async function attack(field: Battlefield, options: Chosen): Promise<Report> {
  const { system } = field;
  const variables = scriptVariables(system.plan, system.secrets);
  const gateway = connectGateway(variables.BASE_URL ?? '', 128);
  const databases = connectDatabases(system);
  try {
    const apiKeys: ApiKeys = {
      storefront: variables.STOREFRONT_KEY ?? '',
      'other storefront': variables.OTHER_STOREFRONT_KEY ?? '',
      'back office': variables.BACKOFFICE_KEY ?? '',
    };
    return await runAndCheck(field, options, { gateway, databases, apiKeys });
  } finally {
    await gateway.close();
    await databases.close();
  }
}

/** The kinds of faults; `planned` when it was said which and when. */
type Choice = { faults: FaultKind[]; planned?: PlannedFault[]; notes: string[] };
type Chosen = Options & Choice;
type Connections = { gateway: Gateway; databases: Databases; apiKeys: ApiKeys };

async function runAndCheck(field: Battlefield, options: Chosen, connections: Connections): Promise<Report> {
  const { system, network } = field;
  const { gateway, databases, apiKeys } = connections;
  const { seed, seconds, faults: kinds } = options;
  const broker = viewBroker(system);
  const workload = makeWorkload({ gateway, apiKeys, seed });
  await broker.collectEvents();
  await makeProducts(workload);
  const memory = watchMemory(system);
  const levels = watchLevels(databases.inventory);
  const crashWatch = watchCrashes(field);
  const faults: DoneFault[] = [];
  workload.begin();
  const { order, inventory } = system.plan.processes;
  const before = await connectionsBefore(databases, broker, { processes: order + inventory, forMs: warmUpMs });
  const tookMs = await breakParts(field, workload, options, faults);
  faults.sort((a, b) => a.began - b.began); // some take a while until they show
  const crashes = crashWatch.stop();
  process.stderr.write('Healing and settling …\n');
  for (const link of Object.values(network)) link.set('pass');
  const silent = await healSystem(system, healMs);
  const healedAt = workload.now();
  crashes.push(...silent.map((name) => `${name} does not answer ${healMs / 1_000} s after it was started`));

  const waiting = (await waitingOrders(databases)).length;
  const rate = (1_000 * workload.operations.filter(({ kind }) => kind === 'place').length) / tookMs;
  // The backlog is allowed the rate at which orders are placed synchronously.
  const deadline = 1_000 * options.settle + (1_000 * waiting) / Math.max(rate, 1);
  const unsettled = await settle(workload, deadline, (withinMs) =>
    waitUntilSettled(databases, broker, withinMs, (text) => process.stderr.write(`  ${text}\n`)),
  );
  const settledAt = workload.now();

  process.stderr.write('Repeating every key, collecting, checking …\n');
  await workload.repeatAll(mostRepeatsAtTheEnd);
  const evidence: Evidence = {
    operations: workload.operations,
    ...(await collectEvidence(databases, broker, gateway, apiKeys)),
    skus: [...hotSkus, ...coldSkus],
    samples: await levels.stop(),
    unsettled,
    crashes,
    connections: await connectionsAfter(databases, broker, before),
    memory: memory.stop(),
  };
  const checks = checkEvidence(evidence);
  const counts = countRun(workload.operations, faults);
  const doubts = reasonsForDoubt(counts, kinds);
  return {
    verdict: verdictOf(checks, doubts),
    seed,
    seconds,
    extraSeconds: Math.max(0, Math.round(tookMs / 1_000) - seconds),
    counts,
    faults: faults.map((fault) => ({ ...fault, began: Math.round(fault.began), ended: Math.round(fault.ended) })),
    answers: countAnswers(workload.operations),
    longestOutageMs: longestOutages(workload.operations, healedAt),
    slowestAnswerMs: slowestAnswers(workload.operations),
    settledMs: Math.round(settledAt - healedAt),
    waitingWhenHealed: waiting,
    samples: evidence.samples.checked,
    connections: evidence.connections,
    memory: evidence.memory,
    checks,
    traces: await traces(checks, evidence, faults, join(system.folder, 'logs')),
    doubts,
    notes: options.notes,
  };
}

/** Every key gets its final answer first; then nothing may be left anywhere. */
async function settle(
  workload: ReturnType<typeof makeWorkload>,
  withinMs: number,
  untilQuiet: (withinMs: number) => Promise<Unsettled>,
): Promise<Unsettled> {
  const timer = setTimeout(workload.giveUp, withinMs);
  const began = workload.now();
  await workload.decided();
  clearTimeout(timer);
  const tookMs = workload.now() - began;
  process.stderr.write(`  every key has its answer after ${(tookMs / 1_000).toFixed(1)} s\n`);
  const undecided = workload.operations.filter(
    (one) => one.kind !== 'read' && !one.isForsaken && !isDecided(one),
  ).length;
  if (undecided > 0) process.stderr.write(`${undecided} keys have no final answer.\n`);
  return untilQuiet(Math.max(withinMs - tookMs, lastLookMs));
}

function verdictOf(checks: readonly Check[], doubts: readonly string[]): Report['verdict'] {
  if (checks.some(({ violations }) => violations.length > 0)) return 'violated';
  return doubts.length > 0 ? 'inconclusive' : 'holds';
}

async function traces(checks: readonly Check[], evidence: Evidence, faults: readonly DoneFault[], logs: string) {
  const all = checks.flatMap(({ rule, violations }) =>
    violations.slice(0, 2).map((violation) => ({ rule, violation })),
  );
  return Promise.all(
    all
      .slice(0, mostTraces)
      .map(async (one) => ({ ...one, trace: await traceOf(one.violation, evidence, faults, logs) })),
  );
}
