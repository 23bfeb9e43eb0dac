import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { Agent, request } from 'undici';
import type { UpstreamDeclaration } from './declaration.ts';

export interface Target {
  address: string;
  healthy: boolean;
}

/** The attempts of one request on the targets, until its response has ended. */
export interface Tries {
  /** The target of the next attempt; undefined if none is healthy. */
  next(): Target | undefined;
  /** Ends the request: its last attempt no longer counts as a connection. */
  end(): void;
}

export interface Balancer {
  targets: Target[];
  startTries(): Tries;
  close(): Promise<void>;
}

/** Distributes requests among the targets of an upstream. Only active checks decide which are healthy; initially all are. */
export function createBalancer(upstream: UpstreamDeclaration, addresses: string[], logger: Logger): Balancer {
  const targets = addresses.map((address): Target => ({ address, healthy: true }));
  const { active } = upstream.healthchecks;
  // Kong checks only if both intervals are set.
  const checked = active.healthy.interval > 0 && active.unhealthy.interval > 0;
  const stopChecks = checked ? startChecks(upstream, targets, logger) : async () => {};
  const startTries = upstream.algorithm === 'round-robin' ? inTurn(targets) : leastConnections(targets);
  return { targets, startTries, close: stopChecks };
}

/** Round robin. A retry takes the next target like any request, so with other requests it may get the failed target again. */
export function inTurn(targets: Target[]): () => Tries {
  let turn = 0;
  const next = () => {
    for (let step = 0; step < targets.length; step += 1) {
      const target = targets[turn] as Target;
      turn = (turn + 1) % targets.length;
      if (target.healthy) return target;
    }
    return undefined;
  };
  return () => ({ next, end: () => {} });
}

/**
 * The target with the fewest requests in progress, of equals the least recently chosen. A retry excludes the targets that
 * failed the request; if all have failed it, all are tried again.
 */
export function leastConnections(targets: Target[]): () => Tries {
  const connections = new Map(targets.map((target) => [target, 0]));
  const add = (target: Target, change: 1 | -1) => connections.set(target, countOf(target) + change);
  const countOf = (target: Target) => connections.get(target) as number;
  const order = [...targets];

  function choose(failed: ReadonlySet<Target>): Target | undefined {
    const open = order.filter((target) => target.healthy && !failed.has(target));
    const least = Math.min(...open.map(countOf));
    return open.find((target) => countOf(target) === least);
  }

  return () => {
    const failed = new Set<Target>();
    let current: Target | undefined;
    const end = () => {
      if (current) add(current, -1);
      current = undefined;
    };
    const next = () => {
      if (current) failed.add(current);
      end();
      current = choose(failed);
      if (!current && failed.size > 0) {
        failed.clear();
        current = choose(failed);
      }
      if (!current) return undefined;
      add(current, 1);
      order.push(...order.splice(order.indexOf(current), 1));
      return current;
    };
    return { next, end };
  };
}

type CheckResult = 'success' | 'http_failures' | 'tcp_failures' | 'timeouts' | 'indifferent';

/**
 * Checks each target at the interval of its current state, on a new connection each time. As in Kong, the interval is measured
 * from the start of a check, so a check that waits for its timeout does not delay the next.
 */
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
      void check(target, counts);
      schedule(target, counts);
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

/** The state after one more result. A count of 0 in the declaration disables the rule. */
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
