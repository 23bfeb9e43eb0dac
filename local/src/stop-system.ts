import { setTimeout as delay } from 'node:timers/promises';
import { endPart, isAlive, killPart } from './control.ts';
import type { System } from './parts.ts';
import { allPartNames, databaseServers, partOf, serviceProcesses } from './parts.ts';
import { isRunning } from './processes.ts';

// A service gives itself 10 s to finish what runs; without clients it needs far less. RabbitMQ takes 6 s for nothing.
const gatewayPatience = 2_000;
const servicePatience = 7_000;
const serverPatience = 9_000;

/** Ends everything in good order: first nobody can come in, then what runs is finished, then its servers go. */
export async function stopSystem(system: System): Promise<void> {
  const names = allPartNames(system.plan);
  // Prometheus before those whom it asks, or it would tell of their end.
  await endAll(system, ['gateway', ...names.filter((name) => name === 'prometheus')], gatewayPatience);
  // SIGINT: with the gateway gone, nobody has to be given time to go elsewhere.
  await endAll(system, serviceProcesses(system.plan), servicePatience, 'SIGINT');
  const servers = ['broker', ...databaseServers(system.plan), ...names.filter((name) => name === 'alertmanager')];
  await endAll(system, servers, serverPatience);
}

/** Ends what an earlier run left behind; nobody waits for answers any more. */
export async function endLeftovers(system: System): Promise<void> {
  await endAll(system, allPartNames(system.plan), serverPatience);
}

/** Ends everything as a crash would. */
export function killSystem(system: System): void {
  for (const name of allPartNames(system.plan)) killPart(partOf(system, name));
}

/** `down`: ends the system, whether an `npm start` watches over it or not. */
export async function bringDown(system: System): Promise<string> {
  const { startedBy } = system.plan;
  const anything = allPartNames(system.plan).some((name) => isAlive(partOf(system, name)));
  const watched = isRunning(startedBy);
  if (!watched && !anything) return 'Nothing was running.';
  if (watched) {
    process.kill(startedBy.pid, 'SIGTERM');
    const deadline = performance.now() + gatewayPatience + servicePatience + serverPatience + 2_000;
    while (isRunning(startedBy) && performance.now() < deadline) await delay(100);
  }
  await stopSystem(system);
  return 'Everything is stopped. The data is kept for the next start.';
}

async function endAll(system: System, names: string[], patience: number, signal?: NodeJS.Signals): Promise<void> {
  await Promise.all(names.map((name) => endPart(partOf(system, name), patience, signal)));
}
