import { setTimeout as delay } from 'node:timers/promises';
import { endPart, isAlive, killPart } from './control.ts';
import type { System } from './parts.ts';
import { allPartNames, databaseServers, pagesOf, partOf, serviceProcesses } from './parts.ts';
import { isRunning } from './processes.ts';

// A service drains for at most 10 s, and much less without clients. RabbitMQ takes 6 s even when idle.
const GATEWAY_STOP_TIMEOUT_MS = 2_000;
const SERVICE_STOP_TIMEOUT_MS = 7_000;
const SERVER_STOP_TIMEOUT_MS = 9_000;

/** Stops everything cleanly: first the gateway, then the services after their running work, then the servers. */
export async function stopSystem(system: System): Promise<void> {
  const names = allPartNames(system.plan);
  // Prometheus before its targets, or it would alert on them.
  await endAll(system, ['gateway', ...names.filter((name) => name === 'prometheus')], GATEWAY_STOP_TIMEOUT_MS);
  // SIGINT skips the drain time, because the gateway is already gone.
  const processes = [...serviceProcesses(system.plan), ...pagesOf(system.plan)];
  await endAll(system, processes, SERVICE_STOP_TIMEOUT_MS, 'SIGINT');
  const others = names.filter((name) => name === 'alertmanager' || name === 'maildev');
  const servers = ['broker', ...databaseServers(system.plan), ...others];
  await endAll(system, servers, SERVER_STOP_TIMEOUT_MS);
}

/** Kills the leftovers of an earlier run, which have no clients any more. */
export async function endLeftovers(system: System): Promise<void> {
  await endAll(system, allPartNames(system.plan), SERVER_STOP_TIMEOUT_MS);
}

/** Kills everything like a crash. */
export function killSystem(system: System): void {
  for (const name of allPartNames(system.plan)) killPart(partOf(system, name));
}

/** `down`: stops the system, whether or not an `npm start` supervises it. */
export async function bringDown(system: System): Promise<string> {
  const { startedBy } = system.plan;
  const anything = allPartNames(system.plan).some((name) => isAlive(partOf(system, name)));
  const watched = isRunning(startedBy);
  if (!watched && !anything) return 'Nothing was running.';
  if (watched) {
    process.kill(startedBy.pid, 'SIGTERM');
    const deadline =
      performance.now() + GATEWAY_STOP_TIMEOUT_MS + SERVICE_STOP_TIMEOUT_MS + SERVER_STOP_TIMEOUT_MS + 2_000;
    while (isRunning(startedBy) && performance.now() < deadline) await delay(100);
  }
  await stopSystem(system);
  return 'All parts are stopped. The data is kept for the next start.';
}

async function endAll(system: System, names: string[], timeoutMs: number, signal?: NodeJS.Signals): Promise<void> {
  await Promise.all(names.map((name) => endPart(partOf(system, name), timeoutMs, signal)));
}
