/** Load that does not count, until a side is at full speed. */
import { jobOf, placeFresh, placeLasting } from './jobs.ts';
import type { Entry } from './scenarios.ts';
import type { SideName } from './sides/side.ts';
import { type Stage, workshopOf } from './stage.ts';

/** Orders of two SKUs from 64 clients, until the hot functions are compiled. */
export async function warmUp(stage: Stage, name: SideName): Promise<void> {
  const shape = { entrance: 'shop', kind: 'place', products: 'uniform', lines: 2, load: { clients: 64 } } as const;
  // SQL needs no warm-up except for caches, which the lead-in fills.
  if (name.startsWith('limit')) return;
  await warmEntry(stage, { ...shape, label: name, side: name }, stage.options.warmUpMs, `warm up ${name}`);
}

/** Sends requests of a new kind to a side for a while before they are measured. */
export async function warmWay(stage: Stage, entry: Entry): Promise<void> {
  const way = `${entry.side} ${entry.entrance} ${entry.kind}`;
  const isKnown = (entry.kind === 'place' && entry.entrance === 'shop') || entry.kind === 'drain';
  if (isKnown || stage.warmWays.has(way)) return;
  stage.warmWays.add(way);
  await warmEntry(stage, entry, stage.options.warmUpMs / 4, `warm up ${entry.label} (${entry.kind})`);
}

async function warmEntry(stage: Stage, entry: Entry, ms: number, name: string): Promise<void> {
  await stage.progress.step(name, async () => {
    const workshop = workshopOf(stage, entry.side);
    const placed = (await placeLasting(workshop, entry)) ?? (await placeFresh(workshop, entry, ms));
    const startAt = Date.now();
    const job = jobOf(workshop, entry, 'clients' in entry.load ? entry.load : { clients: 64 }, placed);
    await stage.processes.run(entry.side, { ...job, startAt, endAt: startAt + ms });
    await workshop.side.waitUntilIdle();
  });
  stage.interrupted.throwIfAborted();
}
