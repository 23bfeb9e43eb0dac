import type { Logger } from '@shop/chassis/telemetry/log.ts';
import { Agent, request } from 'undici';
import type { UpstreamDeclaration } from './declaration.ts';

export type Target = { address: string; healthy: boolean };

export type Balancer = {
  targets: Target[];
  /** The next healthy target, another than `tried` where there is one; undefined when none is healthy. */
  pick(tried?: Target): Target | undefined;
  close(): Promise<void>;
};

/** Round robin over an upstream's targets. Active checks alone decide which are healthy; all start healthy. */
export function createBalancer(upstream: UpstreamDeclaration, addresses: string[], logger: Logger): Balancer {
  const targets = addresses.map((address): Target => ({ address, healthy: true }));
  const { active } = upstream.healthchecks;
  // Kong checks only when both intervals are set.
  const checked = active.healthy.interval > 0 && active.unhealthy.interval > 0;
  const stopChecks = checked ? startChecks(upstream, targets, logger) : async () => {};
  let turn = 0;

  function nextHealthy(accept: (target: Target) => boolean): Target | undefined {
    for (let step = 0; step < targets.length; step += 1) {
      const target = targets[turn] as Target;
      turn = (turn + 1) % targets.length;
      if (target.healthy && accept(target)) return target;
    }
    return undefined;
  }

  return {
    targets,
    pick: (tried) => nextHealthy((target) => target !== tried) ?? nextHealthy(() => true),
    close: stopChecks,
  };
}

type CheckResult = 'success' | 'http_failures' | 'tcp_failures' | 'timeouts' | 'indifferent';

/** Asks each target at the interval of its present state, over a new connection each time as Kong does. */
function startChecks(upstream: UpstreamDeclaration, targets: Target[], logger: Logger): () => Promise<void> {
  const { active } = upstream.healthchecks;
  const agent = new Agent({ pipelining: 0 });
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  function schedule(target: Target, counts: Counts): void {
    if (stopped) return;
    const seconds = target.healthy ? active.healthy.interval : active.unhealthy.interval;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void check(target, counts).then(() => schedule(target, counts));
    }, seconds * 1000);
    timers.add(timer);
  }

  async function check(target: Target, counts: Counts): Promise<void> {
    const result = await probe(target);
    if (stopped) return;
    const healthy = judge(active, target.healthy, counts, result);
    if (healthy === target.healthy) return;
    target.healthy = healthy;
    const line = { upstream: upstream.name, target: target.address, result };
    if (healthy) logger.info(line, 'target is healthy');
    else logger.warn(line, 'target is unhealthy');
  }

  async function probe(target: Target): Promise<CheckResult> {
    const signal = AbortSignal.timeout(active.timeout * 1000);
    try {
      const { statusCode, body } = await request(`http://${target.address}${active.http_path}`, {
        dispatcher: agent,
        signal,
      });
      await body.dump();
      if (active.healthy.http_statuses.includes(statusCode)) return 'success';
      return active.unhealthy.http_statuses.includes(statusCode) ? 'http_failures' : 'indifferent';
    } catch {
      return signal.aborted ? 'timeouts' : 'tcp_failures';
    }
  }

  for (const target of targets) schedule(target, startCounts());
  return async () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
    await agent.destroy();
  };
}

type Counts = Record<Exclude<CheckResult, 'indifferent'>, number>;

export function startCounts(): Counts {
  return { success: 0, http_failures: 0, tcp_failures: 0, timeouts: 0 };
}

/** The state after one more result. A count of 0 in the declaration switches that rule off. */
export function judge(
  active: UpstreamDeclaration['healthchecks']['active'],
  healthy: boolean,
  counts: Counts,
  result: CheckResult,
): boolean {
  if (result === 'indifferent') return healthy;
  const seen = counts[result] + 1;
  if (result === 'success') Object.assign(counts, startCounts());
  else counts.success = 0;
  counts[result] = seen;
  const needed = result === 'success' ? active.healthy.successes : active.unhealthy[result];
  return needed > 0 && seen >= needed ? result === 'success' : healthy;
}
