/** Measures how fast orders are decided that were placed while inventory-service was down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSince, type Measurement, type Measuring, watch } from './measure.ts';
import { DRAINED_ORDERS } from './scenarios.ts';
import { dropDisturbed } from './statistics.ts';

const LOOK_MS = 100;
const PLACED_WITHIN_MS = 120_000;
const DRAINED_WITHIN_MS = 600_000;
const NO_TIMES = { p50: Number.NaN, p99: Number.NaN };

/**
 * Stops inventory-service, places orders, starts it, and measures from its first response until no order is pending.
 * This is a single event, so disturbed slices are reported but cannot be left out.
 */
export async function measureDrain(measuring: Measuring): Promise<Measurement> {
  const { side, entry, job, processes, interrupted } = measuring;
  const { outage } = side;
  if (!outage) throw new Error(`${entry.side} has no inventory-service to stop`);
  await outage.begin();
  const startAt = Date.now();
  const samples = await processes.run(entry.side, {
    ...job,
    startAt,
    endAt: startAt + PLACED_WITHIN_MS,
    count: DRAINED_ORDERS,
  });
  await outage.queued();
  await outage.end();
  const began = Date.now();
  const backlog = await outage.countPending();
  let drainedAt: number | undefined;
  const [watched] = await Promise.all([
    watch(measuring, { from: began, to: began + DRAINED_WITHIN_MS, isOver: () => drainedAt !== undefined }),
    untilDrained(measuring, began).finally(() => {
      drainedAt = Date.now();
    }),
  ]);
  const ms = (drainedAt ?? Number.NaN) - began;
  await side.waitUntilIdle();
  const cpu = cpuSince(side, watched.cpuBefore);
  interrupted.throwIfAborted();
  const { dropped, isClean } = dropDisturbed(watched.slices);
  return {
    rate: (1_000 * backlog) / ms,
    requests: backlog,
    ...NO_TIMES,
    failures: notAccepted(samples.names, samples.outcome),
    slices: watched.slices.length,
    dropped,
    isClean,
    cpuMs: cpu.servicesMs / backlog,
    brokerCpuMs: cpu.brokerMs / backlog,
    idleAfterMs: ms,
    memoryMb: watched.memoryMb,
  };
}

async function untilDrained({ side, interrupted }: Measuring, began: number): Promise<void> {
  while ((await side.outage?.countPending()) !== 0) {
    if (Date.now() > began + DRAINED_WITHIN_MS) throw new Error(`still pending after ${DRAINED_WITHIN_MS / 1_000} s`);
    await sleep(LOOK_MS, undefined, { signal: interrupted });
  }
}

/** The outcomes other than 202: without inventory-service, every order must be accepted. */
function notAccepted(names: readonly string[], outcomes: readonly number[]): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const outcome of outcomes) {
    const name = names[outcome] ?? '';
    if (name !== '202') failures[name] = (failures[name] ?? 0) + 1;
  }
  return failures;
}
