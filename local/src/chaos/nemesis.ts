/** Does the planned faults to the system, and undoes them. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { killPart, partStatus, pausePart, resumePart, startPart, stopPart } from '../control.ts';
import type { System } from '../parts.ts';
import { allPartNames, partOf, postgresOf } from '../parts.ts';
import { superuserUrl } from '../servers/postgres.ts';
import type { LinkMode, Network } from './network.ts';
import { linkOf, type PlannedFault } from './schedule.ts';

export type DoneFault = PlannedFault & {
  /** Milliseconds since the workload began; `effect` is false when there was nothing to break just then. */
  began: number;
  ended: number;
  effect: boolean;
};

/** Where faults happen, until `end`: from then on nothing is broken and nothing is started again. */
export type Battlefield = { system: System; network: Network; end: AbortSignal };

/** Runs the whole plan; resolves when each fault was undone. */
export async function runFaults(
  field: Battlefield,
  plan: readonly PlannedFault[],
  now: () => number,
  onFault: (fault: DoneFault) => void,
): Promise<DoneFault[]> {
  return Promise.all(
    plan.map(async (fault) => {
      await delay(Math.max(0, fault.at - now()), undefined, { signal: field.end });
      const began = now();
      const effect = await inflict(field, fault);
      const done = { ...fault, began, ended: began, effect };
      onFault(done);
      await delay(fault.lasts, undefined, { signal: field.end });
      await undo(field, fault);
      done.ended = now();
      return done;
    }),
  );
}

async function inflict({ system, network }: Battlefield, fault: PlannedFault): Promise<boolean> {
  const { part: name, how } = fault;
  const link = linkOf(fault);
  if (link) {
    network[link].set(how as LinkMode);
    return true;
  }
  const part = partOf(system, name);
  switch (how) {
    case 'kill':
      return killPart(part);
    case 'stop':
      return stopPart(part);
    case 'pause':
      return pausePart(part);
    case 'cut':
      return cutConnections(system, name as 'order-db' | 'inventory-db');
    default:
      throw new Error(`${how} is nothing that can be done to ${name}`);
  }
}

async function undo({ system, network }: Battlefield, fault: PlannedFault): Promise<void> {
  const { part: name, how } = fault;
  const link = linkOf(fault);
  if (link) return network[link].set('pass');
  const part = partOf(system, name);
  if (how === 'pause') resumePart(part);
  else if (how !== 'cut') await startPart(part);
}

async function cutConnections(system: System, name: 'order-db' | 'inventory-db'): Promise<boolean> {
  const role = name === 'order-db' ? 'order_service' : 'inventory_service';
  const client = new pg.Client({
    connectionString: superuserUrl(postgresOf(system, name)),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => {}); // the server may be killed at any time; the query reports it
  try {
    await client.connect();
    const cut = await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    return (cut.rowCount ?? 0) > 0;
  } catch {
    return false; // the database is down
  } finally {
    await client.end().catch(() => {});
  }
}

/** Notices parts that end although nobody asked, and starts them again, so that the run goes on. */
export function watchCrashes({ system, end }: Battlefield): { stop: () => string[] } {
  const crashes: string[] = [];
  const seen = new Set<string>();
  const timer = setInterval(() => {
    if (end.aborted) return;
    for (const name of allPartNames(system.plan)) {
      const part = partOf(system, name);
      const { state, process } = partStatus(part);
      const life = `${name} (pid ${process?.pid})`;
      if (state !== 'crashed' || seen.has(life)) continue;
      seen.add(life);
      crashes.push(`${life}, seen at ${new Date().toISOString()}; ${part.log}`);
      void startPart(part);
    }
  }, 300);
  return {
    stop: () => {
      clearInterval(timer);
      return crashes;
    },
  };
}
